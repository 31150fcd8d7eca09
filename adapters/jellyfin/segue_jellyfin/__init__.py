"""Jellyfin servers."""

from segue.sdk import AdapterPlugin
from segue_jellyfin.adapter import connect
from segue_jellyfin.config import JellyfinConfig

__all__ = ["plugin"]

plugin = AdapterPlugin(kind="jellyfin", title="Jellyfin", config=JellyfinConfig, connect=connect)
