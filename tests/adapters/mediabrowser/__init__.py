"""What the adapters for Jellyfin and Emby promise alike."""
