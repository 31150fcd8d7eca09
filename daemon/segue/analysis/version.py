"""The version of everything that shapes an analysis, and how far back analyses still hold."""

ANALYSIS_VERSION = 1
"""Raised whenever the same file would give other values; different versions are never compared."""

OLDEST_VALID = 1
"""What older versions heard is heard again. A version that only adds, or moves values by less than their
stated tolerance, leaves this where it is, so that a library is not heard anew for nothing."""
