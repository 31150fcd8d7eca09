"""Vectors to neighbours: a live index that takes single changes while it is asked."""

from segue.index.exact import ExactIndex
from segue.index.neighbours import Found, Ids, Neighbours
from segue.index.table import Table, Vectors, View

__all__ = ["ExactIndex", "Found", "Ids", "Neighbours", "Table", "Vectors", "View"]
