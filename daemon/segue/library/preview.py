"""What a walk would find, without writing anything: for a look before a server's ids change."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from segue.library.reconcile import SeenKeys, compare, is_doubtful, is_storable, storable
from segue.library.renaming import Renames
from segue.library.streams import batches, closing
from segue.model import ServerKey, Track, TrackId
from segue.registry import Registry
from segue.store import servers, tracks
from segue.store.pool import Connection, Pool

__all__ = ["Preview", "preview_walk"]

_EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would become of the tracks; `evidence` counts by what renamed ones were recognised."""

    listed: int
    new: int
    changed: int
    renamed: int
    gone: int
    doubtful: bool
    evidence: Mapping[str, int]
    examples: tuple[str, ...]

    def sentence(self) -> str:
        """For people."""
        told = (
            f"A walk would find {self.listed} tracks: {self.new} new, {self.changed} changed, "
            f"{self.gone} gone, {self.renamed} known under another id."
        )
        return f"{told} So many gone would need a second walk." if self.doubtful else told

    def lines(self) -> Iterator[str]:
        """The details, for a run's log."""
        for how, count in self.evidence.items():
            yield f"{count} recognised by {_EVIDENCE[how]}."
        yield from self.examples


async def preview_walk(*, pool: Pool, registry: Registry, server: ServerKey) -> Preview:
    """List a server and compare; nothing is written, not even that it was listed."""
    looking = _Looking(server)
    async with pool.connection() as c:
        began = await servers.now(c)
        present = await tracks.count_listed(c, server)
        row = await servers.get(c, server)
    async with registry.using(server) as adapter, closing(adapter.walk()) as listing:
        async for batch in batches(listing):
            async with pool.connection() as c:
                await looking.take(c, batch)
    lost = array("q")
    async with pool.connection() as c:
        async for keys in tracks.listed_keys(c, server, before=began):
            lost.extend(looking.seen.without(keys))
        renamed = looking.renames.proved(lost)
        gone = [key for key in lost if key not in renamed]
        shown = await tracks.by_ids(c, [*list(renamed)[:_EXAMPLES], *gone[:_EXAMPLES]])
    names = {one.id: one for one in shown}
    examples = [f"{names[key].track_id} becomes {renamed[key]}." for key in renamed if key in names]
    examples += [f"{names[key].track_id} ({names[key].title}) would be gone." for key in gone if key in names]
    return Preview(
        listed=looking.listed,
        new=looking.new - len(renamed),
        changed=looking.changed,
        renamed=len(renamed),
        gone=len(gone),
        doubtful=is_doubtful(present=present, lost=len(gone), doubted=row.loss_doubted if row else None),
        evidence=looking.renames.evidence(renamed),
        examples=(*examples, *(f"{id_} would be new." for id_ in looking.unknown(renamed))),
    )


@dataclass(slots=True)
class _Looking:
    """One look under way."""

    server: ServerKey
    seen: SeenKeys = field(default_factory=SeenKeys)
    renames: Renames = field(init=False)
    listed: int = 0
    new: int = 0
    changed: int = 0
    arrived: list[TrackId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.renames = Renames(self.seen)

    async def take(self, c: Connection, batch: list[Track]) -> None:
        told = [storable(track) for track in batch if is_storable(track)]
        known = await tracks.known(c, self.server, [track.id for track in told])
        delta = compare(told, known)
        self.seen.add(one.key for one in known)
        self.listed += len(batch)
        self.new += len(delta.new)
        self.changed += len(delta.replaced) + len(delta.retold)
        recognised = await self.renames.recognise(c, self.server, delta.new)
        self.renames.believe(recognised, delta.new)
        others = [track.id for number, track in enumerate(delta.new) if number not in recognised]
        self.arrived += others[: _EXAMPLES - len(self.arrived)]

    def unknown(self, renamed: Mapping[int, TrackId]) -> list[TrackId]:
        """Some of those that nobody was before."""
        return [one for one in self.arrived if one not in renamed.values()]


_EVIDENCE = {
    "content": "their sound",
    "path": "their file's path, size and length",
    "words": "artist, album, title, place and length",
}
