"""Recordings, analyses, embeddings and spaces in PostgreSQL."""
