"""A look before a walk tells what it would find, and writes nothing."""

from dataclasses import replace

from segue.library.preview import preview_walk
from segue.model import TrackId
from segue.store import servers
from segue_navidrome.ids import canonical
from tests.daemon.library.conftest import Library
from tests.daemon.library.test_renaming import keyless


async def test_it_tells_who_would_be_renamed_new_and_gone(library: Library) -> None:
    songs = keyless(30)
    library.far.hold(*songs)
    await library.walk()
    before = await library.present()
    library.far.tracks.clear()
    library.far.hold(*(replace(song, id=TrackId(canonical(song.id))) for song in songs[2:]))
    library.far.hold(replace(songs[0], id=TrackId("other"), title="Other", path="x", bytes=5, seconds=9.0))
    found = await preview_walk(pool=library.pool, registry=library.registry, server=library.server)
    assert (found.listed, found.new, found.renamed, found.gone, found.doubtful) == (29, 1, 28, 2, False)
    assert found.evidence == {"path": 28}
    lines = list(found.lines())
    assert "28 recognised by their file's path, size and length." in lines
    assert f"{songs[2].id} becomes {canonical(songs[2].id)}." in lines
    assert f"{songs[1].id} (Song 1) would be gone." in lines
    assert "other would be new." in lines
    assert await library.present() == before
    async with library.pool.connection() as c:
        row = await servers.get(c, library.server)
    assert row is not None
    walked = row.last_walk_at
    outcome = await library.walk()
    assert (outcome.new, outcome.renamed, outcome.gone) == (1, 28, 2)
    async with library.pool.connection() as c:
        row = await servers.get(c, library.server)
    assert row is not None
    assert row.last_walk_at != walked
