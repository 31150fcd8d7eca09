"""A folder of music as a server."""
