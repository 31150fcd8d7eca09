"""Hearing: from an audio file to an analysis."""
