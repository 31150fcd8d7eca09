"""Analyses: what was heard, written once per claim and together with the vectors made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from psycopg.rows import dict_row, scalar_row, tuple_row

from segue.model import Analysis, Descriptors, Quality, RecordingId, SpaceId
from segue.store import embeddings, recordings, spaces
from segue.store.pool import Connection

__all__ = [
    "Features",
    "Heard",
    "Saved",
    "SpacesChangedError",
    "count",
    "features",
    "get",
    "own_embeddings",
    "save",
]

Vector = npt.NDArray[np.float32]


class SpacesChangedError(Exception):
    """The vectors brought do not cover the spaces of now; read the spaces again and bring all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Where an analysis was kept; `merged` tells the recording that turned out to be the same."""

    recording: RecordingId
    merged: RecordingId | None
    wanted: Quality | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A stored analysis and its moment; `spaces` names those in which the recording has a vector."""

    analysis: Analysis
    analysed_at: datetime
    spaces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Pooled features of some recordings, a row each; what projections are fitted on and applied to."""

    recordings: list[RecordingId]
    mean: npt.NDArray[np.float16]
    std: npt.NDArray[np.float16]


async def save(
    c: Connection,
    recording: RecordingId,
    owner: str,
    analysis: Analysis,
    *,
    vectors: Mapping[SpaceId, Vector] | None = None,
    target: Quality | None = None,
) -> Saved | None:
    """Keep what was heard under a claim, all or nothing; None when its lease is lost.

    `vectors` holds one vector for every projected space. The want is fulfilled unless more than
    this quality was wanted, or `target` is more.
    """
    async with c.transaction():
        await _lock_hash(c, analysis.audio_hash)
        every_vector = await _cover_spaces(c, analysis, vectors or {})
        held, wanted = await _settle(c, recording, owner, analysis, target)
        if not held:
            return None
        kept, merged = await _merge_twin(c, recording, analysis.audio_hash)
        if await _write(c, kept, analysis, improving_only=merged is not None):
            for space, vector in every_vector.items():
                await embeddings.put(c, space, kept, vector)
        return Saved(recording=kept, merged=merged, wanted=wanted)


async def get(c: Connection, recording: RecordingId) -> Heard | None:
    """What was heard in a recording."""
    async with c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """select a.*, r.seconds, r.audio_hash, r.fingerprint,
                      (select coalesce(jsonb_object_agg(descriptor, reason), '{}')
                         from missing_descriptors m where m.recording_id = a.recording_id) as missing
                 from analyses a join recordings r on r.id = a.recording_id
                where a.recording_id = %s""",
            (recording,),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    heads = await _heads(c, recording)
    measured = {name: row[name] for name in _DESCRIPTORS}
    analysis = Analysis(
        version=row["version"],
        quality=Quality(row["quality"]),
        seconds=row["seconds"],
        patches=row["patches"],
        embedding=np.frombuffer(row["embedding"], "<f4"),
        tags=np.frombuffer(row["tags"], "<f4"),
        features_mean=np.frombuffer(row["features_mean"], "<f2"),
        features_std=np.frombuffer(row["features_std"], "<f2"),
        descriptors=Descriptors(**measured, missing=row["missing"]),
        audio_hash=row["audio_hash"],
        fingerprint=row["fingerprint"],
        heads=heads,
    )
    spaces_filled = await embeddings.spaces_of(c, recording)
    return Heard(analysis=analysis, analysed_at=row["analysed_at"], spaces=spaces_filled)


async def own_embeddings(c: Connection, recordings: Sequence[RecordingId]) -> dict[RecordingId, Vector]:
    """The network's own embedding [200] of each of these that was heard."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "select recording_id, embedding from analyses where recording_id = any(%s)", (list(recordings),)
        )
        return {RecordingId(one): np.frombuffer(vector, "<f4") for one, vector in await cursor.fetchall()}


async def count(c: Connection) -> int:
    """How many recordings have been heard."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("select count(*) from analyses")
        return int(await cursor.fetchone() or 0)


async def features(
    c: Connection, *, lacking: SpaceId | None = None, after: int = 0, every: int = 1, limit: int = 1000
) -> Features:
    """A page of pooled features by recording: of all, of every so many, or where a space has no vector."""
    async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(
            """select recording_id, features_mean, features_std from analyses a
                where recording_id > %(after)s and recording_id %% %(every)s = 0
                  and (%(space)s::bigint is null or not exists (
                      select from embeddings e where e.space_id = %(space)s
                         and e.recording_id = a.recording_id and e.vector is not null))
                order by recording_id limit %(limit)s""",
            {"after": after, "every": every, "space": lacking, "limit": limit},
        )
        rows = await cursor.fetchall()
    return Features(
        recordings=[RecordingId(row[0]) for row in rows],
        mean=_halves([row[1] for row in rows]),
        std=_halves([row[2] for row in rows]),
    )


_DESCRIPTORS = (
    "tempo", "tempo_confidence", "key", "scale", "key_confidence", "energy", "loudness",
    "true_peak", "dance", "pulse", "flux", "mode", "intro_silence", "outro_silence",
)  # fmt: skip


async def _heads(c: Connection, recording: RecordingId) -> dict[str, Vector]:
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "select head, scores from head_scores where recording_id = %s order by head", (recording,)
        )
        return {head: np.frombuffer(scores, "<f4") for head, scores in await cursor.fetchall()}


async def _lock_hash(c: Connection, audio_hash: bytes | None) -> None:
    """Twins that are saved at one time shall see one another; taken before any row to order locks."""
    if audio_hash is not None:
        await c.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"audio:{audio_hash.hex()}",)
        )


async def _cover_spaces(
    c: Connection, analysis: Analysis, vectors: Mapping[SpaceId, Vector]
) -> dict[SpaceId, Vector]:
    await spaces.lock_shared(c)
    live = await spaces.live(c)
    if {space.id for space in live if space.projected} != set(vectors):
        raise SpacesChangedError
    made = {spaces.RAW: analysis.embedding} | {
        name: vector for name, vector in analysis.spaces.items() if name != spaces.RAW
    }
    own = {
        space.id: made[space.name]
        for space in live
        if not space.projected and space.name in made and len(made[space.name]) == space.dimensions
    }
    return {**own, **vectors}


async def _settle(
    c: Connection, recording: RecordingId, owner: str, analysis: Analysis, target: Quality | None
) -> tuple[bool, Quality | None]:
    """Give the lease back; say whether it was held, and what is still wanted of what it can bring."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """update recordings r
                  set seconds = %(seconds)s, audio_hash = coalesce(%(audio_hash)s, audio_hash),
                      fingerprint = coalesce(%(fingerprint)s, fingerprint),
                      lease_owner = null, lease_until = null, not_before = null, attempts = 0,
                      leases_lost = 0, failure = null, failed_at = null,
                      wanted = case
                          when greatest(wanted, %(target)s::quality) <= %(quality)s::quality then null
                          when exists (select from analyses a where a.recording_id = r.id
                                          and a.version >= %(version)s
                                          and a.quality >= %(quality)s::quality) then null
                          else greatest(wanted, %(target)s::quality) end
                where id = %(id)s and lease_owner = %(owner)s and lease_until > clock_timestamp()
            returning wanted""",
            {
                "id": recording,
                "owner": owner,
                "seconds": analysis.seconds,
                "audio_hash": analysis.audio_hash,
                "fingerprint": analysis.fingerprint,
                "quality": analysis.quality.value,
                "version": analysis.version,
                "target": target.value if target else None,
            },
        )
        wanted = await cursor.fetchone()
        return cursor.rowcount == 1, Quality(wanted) if wanted else None


async def _merge_twin(
    c: Connection, recording: RecordingId, audio_hash: bytes | None
) -> tuple[RecordingId, RecordingId | None]:
    """The older of two recordings with equal audio lives on."""
    if audio_hash is None:
        return recording, None
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        "select id from recordings where audio_hash = %s and id <> %s order by id limit 1",
        (audio_hash, recording),
    )
    twin = await cursor.fetchone()
    if twin is None:
        return recording, None
    keep, gone = sorted((recording, RecordingId(twin[0])))
    merged = await recordings.merge(c, keep=keep, gone=gone)
    return (keep, gone) if merged else (recording, None)


async def _write(c: Connection, recording: RecordingId, analysis: Analysis, *, improving_only: bool) -> bool:
    measured = asdict(analysis.descriptors)
    missing: dict[str, str] = measured.pop("missing")
    cursor = await c.execute(
        _UPSERT,
        {
            **measured,
            "recording": recording,
            "version": analysis.version,
            "quality": analysis.quality.value,
            "patches": analysis.patches,
            "embedding": analysis.embedding.astype("<f4").tobytes(),
            "tags": analysis.tags.astype("<f4").tobytes(),
            "features_mean": analysis.features_mean.astype("<f2").tobytes(),
            "features_std": analysis.features_std.astype("<f2").tobytes(),
            "improving_only": improving_only,
        },
    )
    if cursor.rowcount == 0:
        return False
    await c.execute("delete from missing_descriptors where recording_id = %s", (recording,))
    await c.execute(
        """insert into missing_descriptors (recording_id, descriptor, reason)
           select %s, * from unnest(%s::text[], %s::text[])""",
        (recording, list(missing), list(missing.values())),
    )
    await c.execute("delete from head_scores where recording_id = %s", (recording,))
    await c.execute(
        """insert into head_scores (recording_id, head, scores)
           select %s, * from unnest(%s::text[], %s::bytea[])""",
        (
            recording,
            list(analysis.heads),
            [scores.astype("<f4").tobytes() for scores in analysis.heads.values()],
        ),
    )
    return True


def _halves(rows: Sequence[bytes]) -> npt.NDArray[np.float16]:
    return np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), -1 if rows else 0)


_UPSERT = """
    insert into analyses as a (
        recording_id, version, quality, patches, embedding, tags, features_mean, features_std,
        tempo, tempo_confidence, key, scale, key_confidence, energy, loudness, true_peak,
        dance, pulse, flux, mode, intro_silence, outro_silence)
    values (
        %(recording)s, %(version)s, %(quality)s, %(patches)s, %(embedding)s, %(tags)s,
        %(features_mean)s, %(features_std)s,
        %(tempo)s, %(tempo_confidence)s, %(key)s, %(scale)s, %(key_confidence)s, %(energy)s,
        %(loudness)s, %(true_peak)s,
        %(dance)s, %(pulse)s, %(flux)s, %(mode)s, %(intro_silence)s, %(outro_silence)s)
    on conflict (recording_id) do update set (
        version, quality, patches, embedding, tags, features_mean, features_std,
        tempo, tempo_confidence, key, scale, key_confidence, energy, loudness, true_peak,
        dance, pulse, flux, mode, intro_silence, outro_silence, analysed_at) = (
        excluded.version, excluded.quality, excluded.patches, excluded.embedding, excluded.tags,
        excluded.features_mean, excluded.features_std,
        excluded.tempo, excluded.tempo_confidence, excluded.key, excluded.scale,
        excluded.key_confidence, excluded.energy, excluded.loudness, excluded.true_peak,
        excluded.dance, excluded.pulse, excluded.flux, excluded.mode, excluded.intro_silence,
        excluded.outro_silence, now())
    where not %(improving_only)s or (excluded.version, excluded.quality) >= (a.version, a.quality)"""
