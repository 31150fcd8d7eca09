"""A Music Player Daemon as a server."""

from segue.sdk import AdapterPlugin
from segue_mpd.adapter import connect
from segue_mpd.config import MpdConfig

__all__ = ["plugin"]

plugin = AdapterPlugin(kind="mpd", title="Music Player Daemon", config=MpdConfig, connect=connect)
