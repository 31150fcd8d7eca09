"""Dialects that several servers speak; adapters take from here what is the same for each."""
