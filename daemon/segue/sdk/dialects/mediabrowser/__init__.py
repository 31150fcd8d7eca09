"""What Jellyfin and Emby still have in common since they parted: items, libraries, playlists, history."""
