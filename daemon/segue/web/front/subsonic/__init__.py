"""The Subsonic dialect of a front door: similar songs and sonic paths, rendered by the server itself."""

from segue.web.front.subsonic.dialect import SubsonicDialect

__all__ = ["SubsonicDialect"]
