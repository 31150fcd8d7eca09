"""The rules of an answer as a query asks for them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from segue.model import RecordingId, ServerKey
from segue.similarity import Rules, today
from segue.similarity.rules import LONGEST_SECONDS
from segue.store import plays
from segue.store.pool import Pool, reading
from segue.store.traits import Filter
from segue.web.shapes import Asked, Id, Name, Text

__all__ = ["RulesQuery", "rules_of"]

_MOST = 100

_KEY_PATTERN = r"^(C|C#|D|D#|E|F|F#|G|G#|A|A#|B) (major|minor)$"
_MOOD_PATTERN = r"^(danceable|aggressive|happy|party|relaxed|sad):(0(\.\d{1,6})?|1)$"
_KEY = re.compile(r"([A-G])([#♯b♭]?)(?: ?(m|min|minor|maj|major))?", re.IGNORECASE)
_SHARPS = {
    "DB": "C#", "EB": "D#", "GB": "F#", "AB": "G#", "BB": "A#", "E#": "F", "FB": "E", "B#": "C", "CB": "B",
}  # fmt: skip


def _as_key(text: object) -> object:
    """`Am`, `a minor` and `Bb` as we write them."""
    found = _KEY.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("must be a key such as `A minor`, `C# major`, `Am` or `Bb`")
    note = (found[1] + found[2].replace("♯", "#").replace("♭", "b")).upper()
    scale = found[3] or "major"
    return (
        f"{_SHARPS.get(note, note)} {'minor' if scale == 'm' or scale.lower().startswith('min') else 'major'}"
    )


def _as_mood(text: object) -> object:
    if not isinstance(text, str) or re.fullmatch(_MOOD_PATTERN, text) is None:
        raise ValueError(
            "must be a mood and how much of it, such as `happy:0.6`, up to 1;"
            " moods are danceable, aggressive, happy, party, relaxed and sad"
        )
    return text


Key = Annotated[str, BeforeValidator(_as_key), StringConstraints(pattern=_KEY_PATTERN)]
Mood = Annotated[str, BeforeValidator(_as_mood), StringConstraints(pattern=_MOOD_PATTERN)]
Year = Annotated[int, Field(ge=0, le=9999)]
Tempo = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


_LEAST = {"year_to": "year_from", "tempo_to": "tempo_from", "longest": "shortest"}


class RulesQuery(Asked):
    """What may stand in the answer, and how often."""

    server: Name | None = Field(default=None, description="Only tracks of this server.")
    per_artist: int = Field(
        default=3, ge=0, le=500, description="How many of one artist at most; 0 is any number."
    )
    per_album: int = Field(
        default=0, ge=0, le=500, description="How many of one album at most; 0 is any number."
    )
    gap: int = Field(
        default=0, ge=0, le=50, description="How many others stand between two tracks of one artist."
    )
    versions: bool = Field(default=False, description="Several versions of one work may stand in it.")
    without: tuple[Id, ...] = Field(default=(), max_length=1000, description="Recordings to leave out.")
    unplayed_days: Annotated[float, Field(ge=0, le=3650, allow_inf_nan=False)] = Field(
        default=0, description="Leave out what was played within so many days, as the servers tell it."
    )
    user: Text | None = Field(
        default=None, description="Whose plays count: a user of the servers, by name or id; else anybody's."
    )
    library: tuple[Text, ...] = Field(
        default=(), max_length=_MOST, description="Only of these libraries of the servers."
    )
    genre: tuple[Text, ...] = Field(default=(), max_length=_MOST, description="Only of these genres.")
    year_from: Year | None = Field(default=None, description="Not older.")
    year_to: Year | None = Field(default=None, description="Not younger.")
    shortest: Seconds | None = Field(default=None, description="Not shorter, in seconds.")
    longest: Seconds = Field(
        default=LONGEST_SECONDS, description="Not longer, in seconds; 0 lets hour-long mixes in."
    )
    tempo_from: Tempo | None = Field(default=None, description="Not slower, in beats per minute.")
    tempo_to: Tempo | None = Field(default=None, description="Not faster.")
    key: tuple[Key, ...] = Field(
        default=(), max_length=24, description="Only in these keys, such as `A minor`."
    )
    mood: tuple[Mood, ...] = Field(
        default=(), max_length=6, description="At least so much of a mood, such as `happy:0.6`."
    )
    seasonal: bool = Field(default=False, description="Christmas music also outside December.")
    walk: bool = Field(default=False, description="Order it so that each track is near the one before.")
    unhub: bool = Field(default=False, description="Correct for tracks that are near to everything.")

    @field_validator("year_to", "tempo_to", "longest")
    @classmethod
    def _is_not_below(cls, most: float | None, info: ValidationInfo) -> float | None:
        other = _LEAST[info.field_name or ""]
        least = info.data.get(other)
        if most and least is not None and most < least:
            raise ValueError(f"must not be below `{other}`")
        return most

    @property
    def seconds(self) -> tuple[float | None, float | None]:
        """Who asks for long ones has not asked for none of them."""
        unsaid = "longest" not in self.model_fields_set
        if unsaid and self.shortest is not None and self.shortest >= self.longest:
            return self.shortest, None
        return self.shortest, self.longest or None


async def rules_of(pool: Pool, query: RulesQuery, server: ServerKey | None) -> Rules:
    """The same, as the search understands it, at this moment."""
    played = await _played(pool, query, server)
    return Rules(
        filter=Filter(
            server=server,
            libraries=query.library,
            genres=query.genre,
            years=(query.year_from, query.year_to),
            seconds=query.seconds,
            tempo=(query.tempo_from, query.tempo_to),
            keys=tuple(_key(key) for key in query.key),
        ),
        per_artist=query.per_artist or None,
        per_album=query.per_album or None,
        gap=query.gap,
        one_version=not query.versions,
        without=frozenset(RecordingId(recording) for recording in query.without) | played,
        moods=dict(_mood(mood) for mood in query.mood),
        today=None if query.seasonal else today(),
        walk=query.walk,
        unhub=query.unhub,
    )


async def _played(pool: Pool, query: RulesQuery, server: ServerKey | None) -> frozenset[RecordingId]:
    """What was played too recently to stand in the answer."""
    if not query.unplayed_days:
        return frozenset()
    async with reading(pool) as c:
        moment = datetime.now(UTC) - timedelta(days=query.unplayed_days)
        return frozenset(await plays.since(c, moment, server=server, user=query.user))


def _key(text: str) -> tuple[str, str]:
    key, _, scale = text.partition(" ")
    return key, scale


def _mood(text: str) -> tuple[str, float]:
    mood, _, least = text.partition(":")
    return mood, float(least)
