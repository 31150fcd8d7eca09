"""The library's package and its tables."""
