"""Groups of music: found, judged, kept, named, chosen and ordered."""
