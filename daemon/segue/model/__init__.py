"""Frozen values that every part shares; no I/O."""

from segue.model.analysis import MODEL_TAGS, Analysis, Descriptors, Quality
from segue.model.changes import Change, LibraryChanged, PlaylistsChanged, TrackChanged, TrackGone
from segue.model.ids import PlaylistId, RecordingId, RunId, ServerKey, SpaceId, TrackId, UserId
from segue.model.listening import Listening
from segue.model.playlist import Playlist, PlaylistHeader
from segue.model.runs import FINISHED_STATES, RunState
from segue.model.track import Track

__all__ = [
    "FINISHED_STATES",
    "MODEL_TAGS",
    "Analysis",
    "Change",
    "Descriptors",
    "LibraryChanged",
    "Listening",
    "Playlist",
    "PlaylistHeader",
    "PlaylistId",
    "PlaylistsChanged",
    "Quality",
    "RecordingId",
    "RunId",
    "RunState",
    "ServerKey",
    "SpaceId",
    "Track",
    "TrackChanged",
    "TrackGone",
    "TrackId",
    "UserId",
]
