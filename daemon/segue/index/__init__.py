"""Vectors to neighbours: a live index that takes single changes while it is asked."""

from segue.index.exact import ExactIndex
from segue.index.graph import Graph, GraphIndex, Parameters
from segue.index.growth import Kind, Sizes, Successor, kind_of
from segue.index.lists import NearestLists
from segue.index.neighbours import Found, Neighbours
from segue.index.table import Ids, Table, Vectors, View

__all__ = [
    "ExactIndex",
    "Found",
    "Graph",
    "GraphIndex",
    "Ids",
    "Kind",
    "NearestLists",
    "Neighbours",
    "Parameters",
    "Sizes",
    "Successor",
    "Table",
    "Vectors",
    "View",
    "kind_of",
]
