"""The dialect of Jellyfin and Emby at a front door: instant mixes and similar items."""

from segue.web.front.jellyfin.dialect import JellyfinDialect

__all__ = ["JellyfinDialect"]
