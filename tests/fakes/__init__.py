"""Servers made from a World."""
