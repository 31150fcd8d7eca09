"""The adapter for Emby."""
