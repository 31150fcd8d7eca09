"""No code path can delete anything but a playlist that we made: the same request deletes songs' files."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import segue.sdk.dialects.mediabrowser
import segue_emby
import segue_jellyfin
from segue.model import Playlist, PlaylistId, TrackId, UserId
from segue.sdk import AdapterError
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.owned import Ownership, OwnPlaylist
from segue.sdk.dialects.mediabrowser.payloads import Item
from segue.sdk.shelf import Shelf
from tests.adapters.mediabrowser.conftest import Held, held_by

PACKAGES = (segue_jellyfin, segue_emby, segue.sdk.dialects.mediabrowser)
SOURCES = [file for package in PACKAGES for file in Path(package.__file__ or "").parent.rglob("*.py")]


def _lines(pattern: str) -> list[str]:
    return [
        f"{file.name}: {line.strip()}"
        for file in SOURCES
        for line in file.read_text().splitlines()
        if re.search(pattern, line)
    ]


def test_one_line_of_code_deletes() -> None:
    """And it stands where the proof is asked for."""
    assert len(SOURCES) > 20
    assert _lines(r"[\"']DELETE[\"']") == [
        'client.py: "DELETE", path, query=self._spelt(query), headers=self._headers, accept=(_FORBIDDEN,)'
    ]
    assert _lines(r"(?i)/delete\b") == ['client.py: if path.casefold().endswith("/delete"):']
    assert all("client.py" in line for line in _lines(r"_http\b"))
    assert not _lines(r"\.delete\(|\.request\(|method=")


def test_a_proof_is_made_by_ownership_only() -> None:
    assert _lines(r"OwnPlaylist\(") == [
        'owned.py: return OwnPlaylist(id_, item.Name or "", proved, seal=_SEAL)'
    ]
    with pytest.raises(TypeError):
        OwnPlaylist(PlaylistId("1"), "Mix", True)
    with pytest.raises(TypeError):
        OwnPlaylist(PlaylistId("1"), "Mix", True, seal=object())


def _ownership(folder: Path, *, may_mark: bool) -> Ownership:
    log = structlog.get_logger()
    return Ownership(Shelf(folder / "memory.sqlite", log), log, may_mark=may_mark)


LIST = {"Id": "1", "Type": "Playlist"}
MARKED = {**LIST, "Tags": ["Segue"]}


@pytest.mark.parametrize("may_mark", [True, False])
@pytest.mark.parametrize(
    ("item", "before", "ours"),
    [
        (LIST, "made", "proved"),
        (LIST, "nothing", "told"),
        (LIST, "marked", "not"),
        (LIST, "forgotten", "told"),
        (MARKED, "nothing", "proved"),
        (MARKED, "marked", "proved"),
        ({**LIST, "TagItems": [{"Name": "Segue"}]}, "marked", "proved"),
        ({**LIST, "Tags": ["Other"]}, "marked", "not"),
        ({"Id": "1", "Type": "Audio", "Tags": ["Segue"]}, "made", "not"),
        ({"Id": "1", "Type": "MusicAlbum"}, "made", "not"),
        ({"Id": "1"}, "made", "not"),
        ({"Id": "2", "Type": "Playlist", "Tags": ["Segue"]}, "made", "not"),
        (None, "made", "not"),
    ],
)
async def test_what_is_claimed(
    tmp_path: Path, may_mark: bool, item: dict[str, Any] | None, before: str, ours: str
) -> None:
    """Where we may mark our lists, an id alone is no proof; where not, it is one for editing only."""
    ownership = _ownership(tmp_path, may_mark=may_mark)
    id_ = PlaylistId("1")
    if before == "made":
        await ownership.made(id_)
    elif before != "nothing":
        await ownership.tagged(id_, Item.model_validate(MARKED))
    if before == "forgotten":
        await ownership.forget(id_)
    told = Item.model_validate(item) if item is not None else None
    own = await ownership.claim(told, id_)
    if ours == "told" and may_mark:
        ours = "not"
    assert {"proved": True, "told": False, "not": None}[ours] == (own.proved if own else None)
    if own is not None and not own.proved:
        with pytest.raises(TypeError, match="better proof"):
            await Client(None, {}).remove(own)  # type: ignore[arg-type]


async def test_a_server_that_keeps_no_marks_is_found_out(tmp_path: Path) -> None:
    """Else each machine would make its lists anew again and again."""
    ownership = _ownership(tmp_path, may_mark=True)
    assert await ownership.claim(Item.model_validate(LIST), PlaylistId("1")) is None
    await ownership.tagged(PlaylistId("7"), Item.model_validate(LIST))
    own = await ownership.claim(Item.model_validate(LIST), PlaylistId("1"))
    assert own is not None
    assert not own.proved


async def test_a_client_deletes_nothing_without_a_proof() -> None:
    client = Client(None, {})  # type: ignore[arg-type]
    for wrong in ("1", PlaylistId("1"), None, object()):
        with pytest.raises(TypeError):
            await client.remove(wrong)  # type: ignore[arg-type]
    for path in ("Items/Delete", "Playlists/1/Items/delete"):
        with pytest.raises(TypeError):
            await client.act(path)


async def test_withdrawing_deletes_no_song_album_or_foreign_list(held: Held) -> None:
    songs = list(held.fake.songs)
    theirs = held.fake.add_list("Mix", songs[:3], owner=held.fake.me)
    await held.adapter.withdraw(PlaylistId(theirs))
    made = await held.adapter.publish(Playlist(name="Mix", tracks=()), replacing=PlaylistId(theirs))
    assert held.fake.content(theirs) == songs[:3]
    await held.adapter.withdraw(made)
    deletions = [seen.path for seen in held.fake.requests if seen.verb == "DELETE"]
    assert deletions == [f"/Items/{made}"]
    held.fake.requests.clear()
    albums = [song["AlbumId"] for song in held.fake.songs.values()]
    for id_ in (*songs, *albums, held.fake.me, held.fake.library_id("Music"), "", "..", "Items"):
        await held.adapter.withdraw(PlaylistId(id_))
    assert list(held.fake.songs) == songs
    assert list(held.fake.lists) == [theirs]
    assert not [seen for seen in held.fake.requests if seen.verb == "DELETE"]


async def test_publishing_in_place_of_a_song_makes_a_new_list(held: Held) -> None:
    songs = tuple(TrackId(id_) for id_ in held.fake.songs)
    made = await held.adapter.publish(Playlist(name="Mix", tracks=songs), replacing=PlaylistId(songs[0]))
    assert made not in songs
    assert len(held.fake.songs) == 7
    assert not [seen for seen in held.fake.requests if seen.verb == "DELETE"]


async def test_a_list_that_came_to_life_again_is_somebody_elses(tmp_path: Path) -> None:
    """Jellyfin makes a list's id of its name: after ours was deleted, another one may have its id."""
    for way in ("login", "key"):
        async with held_by("jellyfin", way, tmp_path / way) as held:
            songs = tuple(TrackId(id_) for id_ in held.fake.songs)
            made = await held.adapter.publish(Playlist(name="Mix", tracks=songs), replacing=None)
            assert held.fake.lists[made]["_tags"] == ["Segue"]
            theirs = held.fake.lists[made] = held.fake.lists[made] | {"_tags": [], "_entries": []}
            held.fake.made.clear()
            anew = await held.adapter.publish(Playlist(name="Mix", tracks=songs), replacing=made)
            await held.adapter.withdraw(made)
            assert anew != made
            assert held.fake.lists[made] is theirs
            assert theirs["_entries"] == []


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "replace", "withdraw", "walk", "get", "audio", "entries", "plays"]),
        st.integers(0, 30),
        st.lists(st.integers(0, 30), max_size=6),
        st.booleans(),
    ),
    max_size=10,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["jellyfin", "emby"]), st.sampled_from(["login", "key"]), OPERATIONS)
def test_whatever_is_done_in_whatever_order(
    kind: str, way: str, operations: list[tuple[str, int, list[int], bool]]
) -> None:
    """Ids of all kinds are mixed up; the fake fails on every deletion of what was not made through it."""

    async def run(folder: Path) -> None:
        async with held_by(kind, way, folder) as held:
            songs = list(held.fake.songs)
            theirs = held.fake.add_list("Theirs", songs[:3], owner=held.fake.me)
            ids = [*songs, theirs, held.fake.songs[songs[0]]["AlbumId"], held.fake.me, "0", "../x"]
            for name, at, many, public in operations:
                one = ids[at % len(ids)]
                wanted = Playlist(
                    name=f"Mix {at}",
                    tracks=tuple(TrackId(ids[number % len(ids)]) for number in many),
                    public=public,
                )
                try:
                    ids += await _done(held.adapter, name, one, wanted)
                except AdapterError:
                    continue
            assert held.fake.violations == []
            assert list(held.fake.songs) == songs
            assert held.fake.content(theirs) == songs[:3]
            assert all(song["_file"].exists() for song in held.fake.songs.values())

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def _done(adapter: Any, name: str, one: str, wanted: Playlist) -> list[str]:
    if name == "publish":
        return [await adapter.publish(wanted, replacing=None)]
    if name == "replace":
        return [await adapter.publish(wanted, replacing=PlaylistId(one))]
    if name == "withdraw":
        await adapter.withdraw(PlaylistId(one))
    elif name == "walk":
        return [track.id async for track in adapter.walk()][:1]
    elif name == "audio":
        async with adapter.audio(TrackId(one)):
            pass
    elif name == "plays":
        return [play.track_id async for play in adapter.plays(UserId(one), datetime.now(UTC))][:1]
    else:
        await (adapter.get if name == "get" else adapter.entries)(one)
    return []
