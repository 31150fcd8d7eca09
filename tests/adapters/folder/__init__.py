"""The folder adapter."""
