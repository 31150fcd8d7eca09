"""What doors and the admin interface ask: which recordings sound like these."""

from segue.similarity.errors import CannotBeHeard, NotHeardYet, NotReady, SimilarityError, UnknownSeed
from segue.similarity.follower import Follower, Status
from segue.similarity.live import Live
from segue.similarity.near import Neighbour, near
from segue.similarity.seeds import Seed, TrackKey

__all__ = [
    "CannotBeHeard",
    "Follower",
    "Live",
    "Neighbour",
    "NotHeardYet",
    "NotReady",
    "Seed",
    "SimilarityError",
    "Status",
    "TrackKey",
    "UnknownSeed",
    "near",
]
