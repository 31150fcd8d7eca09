"""The adapter for Jellyfin."""
