"""The adapter for Navidrome and OpenSubsonic servers."""
