"""The MPD adapter."""
