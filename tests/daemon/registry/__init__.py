"""Plugins, connections and their states."""
