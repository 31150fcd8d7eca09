"""The version of everything that shapes an analysis."""

ANALYSIS_VERSION = 1
"""Raised whenever the same file would give other values; different versions are never compared."""
