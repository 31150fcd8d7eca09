"""Navidrome, and every other server that speaks Subsonic or OpenSubsonic."""

from segue.sdk import AdapterPlugin
from segue_navidrome.adapter import connect
from segue_navidrome.config import NavidromeConfig

__all__ = ["plugin"]

plugin = AdapterPlugin(
    kind="navidrome", title="Navidrome, OpenSubsonic", config=NavidromeConfig, connect=connect
)
