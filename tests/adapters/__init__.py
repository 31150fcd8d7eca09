"""One package per adapter."""
