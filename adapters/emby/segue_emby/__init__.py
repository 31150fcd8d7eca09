"""Emby servers."""

from segue.sdk import AdapterPlugin
from segue_emby.adapter import connect
from segue_emby.config import EmbyConfig

__all__ = ["plugin"]

plugin = AdapterPlugin(kind="emby", title="Emby", config=EmbyConfig, connect=connect)
