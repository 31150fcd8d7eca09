"""Recordings: what was heard in a piece of audio, or why it could not be heard."""

from datetime import datetime

from pydantic import Field

from segue.analysis.moods import cold_start, mood_inputs, moods
from segue.model import MODEL_TAGS, Quality, RecordingId
from segue.store import analyses, recordings, tracks
from segue.web import cursors
from segue.web.context import Call
from segue.web.errors import NOT_FOUND, Refusal
from segue.web.routing import Scope, get
from segue.web.shapes import Asked, Id, Page, PageQuery, Told
from segue.web.track_replies import TrackReply, told_track

__all__ = ["ROUTES"]

_TAG = "Music"


class TagHeard(Told):
    """How sure the network is of one tag."""

    tag: str = Field(examples=["jazz"])
    probability: float


class Heard(Told):
    """What was heard; null is "could not be measured", with the reason in `missing`."""

    version: int = Field(description="The version of the engine; different versions are never compared.")
    quality: Quality
    analysed_at: datetime
    tags: tuple[TagHeard, ...] = Field(description="All 50, the surest first.")
    moods: dict[str, float | None] = Field(description="0 to 1 each.")
    heads: dict[str, tuple[float, ...]] = Field(
        description="What other people's heads answered, by the model's name: means over patches.",
        examples=[{"mood_happy-msd-musicnn-1": [0.9, 0.1]}],
    )
    spaces: tuple[str, ...] = Field(
        description="The spaces in which the recording has a vector, other people's models' too.",
        examples=[["musicnn-raw", "musicnn_embedding"]],
    )
    tempo: float | None = Field(description="Beats per minute.")
    tempo_confidence: float | None
    key: str | None = Field(examples=["F#"])
    scale: str | None = Field(examples=["minor"])
    key_confidence: float | None
    energy: float | None = Field(description="0 to 1.")
    loudness: float | None = Field(description="Integrated, in LUFS (EBU R128).")
    true_peak: float | None = Field(description="In dBTP.")
    dance: float | None
    intro_silence: float | None = Field(description="Seconds.")
    outro_silence: float | None = Field(description="Seconds.")
    missing: dict[str, str] = Field(description="Why a measurement is null.")


class RecordingReply(Told):
    """One piece of audio, however many tracks play it."""

    id: int
    wanted: Quality | None = Field(description="Waits to be heard, so well.")
    failure: str | None = Field(description="Why it could not be heard; with `wanted`: why not yet.")
    heard: Heard | None
    tracks: tuple[TrackReply, ...]


class FailedRecording(Told):
    """A recording that could not be heard."""

    id: int
    failure: str
    tracks: tuple[TrackReply, ...]


class FailurePage(Page[FailedRecording]):
    """Recordings that could not be heard, by id."""


class RecordingPath(Asked):
    """Which recording."""

    recording: Id = Field(description="The recording's id.")


@get(
    "/api/v1/recordings/{recording}",
    tag=_TAG,
    scope=Scope.PLAY,
    summary="Show what was heard in a recording",
    refusals=[NOT_FOUND],
)
async def show_recording(call: Call, path: RecordingPath) -> RecordingReply:
    recording = RecordingId(path.recording)
    async with call.context.connection() as c:
        standing = await recordings.standings(c, [recording])
        heard = await analyses.get(c, recording)
        rows = await tracks.of_recordings(c, [recording], missing=True)
    if not standing:
        raise Refusal(
            NOT_FOUND, f"There is no recording {recording}; tracks name theirs: `GET /api/v1/tracks?q=`."
        )
    return RecordingReply(
        id=recording,
        wanted=standing[0].wanted,
        failure=standing[0].failure,
        heard=_heard(heard) if heard else None,
        tracks=tuple(told_track(row) for row in rows),
    )


@get(
    "/api/v1/failures",
    tag="Analysis",
    scope=Scope.READ,
    summary="List what could not be heard, with the reasons",
)
async def list_failures(call: Call, query: PageQuery) -> FailurePage:
    after = cursors.read("failures", query.cursor) or 0
    async with call.context.connection() as c:
        found = await recordings.failures(c, after=after, limit=query.limit + 1)
        shown, following = cursors.cut("failures", found, query.limit, lambda one: one.recording)
        rows = await tracks.of_recordings(c, [one.recording for one in shown], missing=True)
    items = [
        FailedRecording(
            id=one.recording,
            failure=one.failure or "",
            tracks=tuple(told_track(row) for row in rows if row.recording_id == one.recording),
        )
        for one in shown
    ]
    return FailurePage(items=tuple(items), next=following)


def _heard(heard: analyses.Heard) -> Heard:
    analysis = heard.analysis
    found = analysis.descriptors
    tags = sorted(zip(MODEL_TAGS, analysis.tags.tolist(), strict=True), key=lambda tag: -tag[1])
    return Heard(
        version=analysis.version,
        quality=analysis.quality,
        analysed_at=heard.analysed_at,
        tags=tuple(TagHeard(tag=tag, probability=probability) for tag, probability in tags),
        moods=moods(mood_inputs(analysis.tags, found), cold_start()),
        heads={name: tuple(scores.tolist()) for name, scores in analysis.heads.items()},
        spaces=heard.spaces,
        tempo=found.tempo,
        tempo_confidence=found.tempo_confidence,
        key=found.key,
        scale=found.scale,
        key_confidence=found.key_confidence,
        energy=found.energy,
        loudness=found.loudness,
        true_peak=found.true_peak,
        dance=found.dance,
        intro_silence=found.intro_silence,
        outro_silence=found.outro_silence,
        missing=found.missing,
    )


ROUTES = (show_recording, list_failures)
