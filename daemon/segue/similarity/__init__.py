"""What doors and the admin interface ask: which recordings sound like these."""

from segue.similarity.artists import Artists, Match, SimilarArtist
from segue.similarity.errors import CannotBeHeard, NotHeardYet, NotReady, SimilarityError, UnknownSeed
from segue.similarity.follower import Follower, Status
from segue.similarity.live import Live
from segue.similarity.near import Neighbour, near
from segue.similarity.path import Step, path
from segue.similarity.rules import Rules, today
from segue.similarity.seeds import AlbumSeed, ArtistSeed, Seed, TrackKey, VectorSeed, Weighted
from segue.similarity.why import Why

__all__ = [
    "AlbumSeed",
    "ArtistSeed",
    "Artists",
    "CannotBeHeard",
    "Follower",
    "Live",
    "Match",
    "Neighbour",
    "NotHeardYet",
    "NotReady",
    "Rules",
    "Seed",
    "SimilarArtist",
    "SimilarityError",
    "Status",
    "Step",
    "TrackKey",
    "UnknownSeed",
    "VectorSeed",
    "Weighted",
    "Why",
    "near",
    "path",
    "today",
]
