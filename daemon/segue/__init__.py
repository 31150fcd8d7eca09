"""Segue gives people's own media servers ears."""
