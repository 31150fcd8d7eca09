"""The Lyrion adapter."""
