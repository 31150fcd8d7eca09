"""Tracks in PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from segue.model import ServerKey, TrackId
from segue.store import servers, tracks
from segue.store.pool import Connection, Pool
from tests.daemon.library.rows import a_track, add_recording, add_server

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def _hold(c: Connection, server: ServerKey, *held: object) -> list[tracks.TrackRow]:
    rows = [(track, await add_recording(c)) for track in held]
    await tracks.insert(c, server, rows)  # type: ignore[arg-type]
    return await tracks.of_server(c, server, [track.id for track in held])  # type: ignore[attr-defined]


async def test_a_track_is_kept_whole(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        [row] = await _hold(c, server, a_track("a/1.flac", added_at=TOMORROW, track_number=3))
        assert (row.server, row.track_id, row.title, row.genres) == (
            "attic", "a/1.flac", "Song a/1.flac", ("Pop", "Art Pop"),
        )  # fmt: skip
        assert (row.seconds, row.track_number) == (200.5, 3)
        kept = await c.execute("select added_at from tracks where id = %s", (row.id,))
        assert await kept.fetchone() == (TOMORROW,)
        assert await tracks.by_ids(c, [row.id, 99]) == [row]
        assert await tracks.of_recordings(c, [row.recording_id]) == [row]
        assert await tracks.list_(c, server=server) == [row]
        assert await tracks.list_(c, server=server, after=row.id) == []


async def test_inserting_again_writes_over(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        [first] = await _hold(c, server, a_track("1"))
        [second] = await _hold(c, server, a_track("1", title="Other", revision="2"))
        assert (second.id, second.title) == (first.id, "Other")


async def test_an_update_brings_a_track_back(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        [row] = await _hold(c, server, a_track("1"))
        assert await tracks.mark_missing(c, [row.id], before=TOMORROW) == 1
        assert await tracks.count_listed(c, server) == 0
        await tracks.update(c, [(row.id, a_track("1", title="New", revision="2"), row.recording_id)])
        [known] = await tracks.known(c, server, [TrackId("1")])
        assert (known.revision, known.missing) == ("2", False)
        assert await tracks.count_listed(c, server) == 1


async def test_a_track_told_of_since_is_not_gone(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        began = datetime.now(UTC)
        [row] = await _hold(c, server, a_track("1"))
        assert [keys async for keys in tracks.listed_keys(c, server, before=began)] == []
        assert await tracks.mark_missing(c, [row.id], before=began) == 0


async def test_listed_keys_come_in_pages(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        rows = await _hold(c, server, *(a_track(str(n)) for n in range(5)))
        pages = [keys async for keys in tracks.listed_keys(c, server, before=TOMORROW, size=2)]
        assert [len(page) for page in pages] == [2, 2, 1]
        assert sorted(key for page in pages for key in page) == sorted(row.id for row in rows)


SONGS = {
    "1": a_track("1", artist="Sigur Rós", title="Hoppípolla", album="Takk..."),
    "2": a_track("2", artist="Björk", title="Jóga", album="Homogenic"),
    "3": a_track("3", artist="AC/DC", title="Don’t Stop", album=None),
    "4": a_track("4", artist="Кино", title="Группа крови", album="Группа крови"),
    "5": a_track("5", artist="Björk", title="Jóga (Howie B Main Mix)", album="Jóga"),
}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sigur ros hoppipolla", ["1"]),
        ("Björk - Jóga", ["2", "5"]),
        ("bjork", ["2", "5"]),
        ("ac/dc", ["3"]),
        ("dont stop", ["3"]),
        ("don't stop", ["3"]),
        ("группа", ["4"]),
        ("hopipolla", ["1"]),
        ("homogenik", ["2"]),
        ("100% _", []),
        ("  ", []),
        ("", []),
    ],
)
async def test_search_finds_what_people_mean(pool: Pool, words: str, expected: list[str]) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        await _hold(c, server, *SONGS.values())
        assert [row.track_id for row in await tracks.search(c, words, 10)] == expected


async def test_search_works_without_the_extension(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        await _hold(c, server, *SONGS.values())
        await c.execute("drop extension if exists pg_trgm cascade")
        assert [row.track_id for row in await tracks.search(c, "joga", 1)] == ["2"]
        assert await tracks.search(c, "hopipolla", 10) == []


async def test_a_server_takes_its_tracks_along(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        await _hold(c, server, a_track("1"), a_track("2"))
        [summary] = await servers.summaries(c)
        assert (summary.tracks, summary.missing, summary.heard, summary.failed) == (2, 0, 0, 0)
        assert await servers.remove(c, server)
        assert await tracks.list_(c) == []


async def test_a_search_asks_an_index(pool: Pool) -> None:
    async with pool.connection() as c:
        await c.execute("set enable_seqscan = off")
        cursor = await c.execute(
            f"explain {tracks._SEARCH_WORDS}".encode(),
            {"longest": "%simone%", "patterns": ["%simone%", "%nina%"], "server": None, "limit": 1},
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "Index Cond: (search ~~ '%simone%'" in plan
