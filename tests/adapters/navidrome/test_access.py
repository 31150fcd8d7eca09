"""How the adapter gets in: the safest way that the server knows, and no secret where others may read it."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError
from structlog.testing import capture_logs

from segue.model import Playlist, PlaylistId, UserId
from segue.sdk import Adapter, AdapterError, AuthFailed, Malformed, NotFound, Publishes, Unsupported
from segue.sdk.testing import World
from segue_navidrome.config import NavidromeConfig
from segue_navidrome.ids import canonical
from tests.adapters.navidrome.conftest import Connect
from tests.fakes.subsonic import PASSWORD, USER, FakeSubsonic, serving, shown


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.small(tmp_path / "music")


async def _walked(connected: Connect, fake: FakeSubsonic, **options: object) -> int:
    async with connected(url=fake.url, **options) as adapter:
        return len([track async for track in adapter.walk()])


XML_REFUSAL = '<subsonic-response status="failed"><error code="40" message="No&amp;no"/></subsonic-response>'
NAMED: dict[str, object] = {"username": USER, "password": PASSWORD}


@pytest.mark.parametrize(
    ("server", "options", "sent"),
    [
        ({}, NAMED, {"u", "t", "s"}),
        ({"takes_forms": False}, NAMED, {"u", "t", "s"}),
        ({"takes_tokens": False}, NAMED, {"u", "p"}),
        ({"takes_tokens": False, "takes_forms": False, "navidrome": False}, NAMED, {"u", "p"}),
        ({"api_key": "a-long-key"}, {"api_key": "a-long-key"}, {"apiKey"}),
    ],
)
async def test_the_safest_way_in_is_taken(
    world: World, connected: Connect, server: Any, options: Any, sent: set[str]
) -> None:
    fake = shown(world, **server)
    async with serving(fake):
        assert await _walked(connected, fake, **options) == 7
    last = fake.requests[-1]
    assert set(last.form) & {"u", "t", "s", "p", "apiKey"} == sent
    assert last.form["f"] == ["json"]
    if fake.takes_forms:
        assert all("?" not in seen.address for seen in fake.requests)


async def test_a_token_is_never_used_twice(world: World, connected: Connect) -> None:
    fake = shown(world)
    async with serving(fake):
        await _walked(connected, fake, **NAMED)
    salts = [seen.form["s"][0] for seen in fake.requests]
    assert len(set(salts)) == len(salts)


async def test_a_wrong_password_is_told_once_and_plainly(world: World, connected: Connect) -> None:
    fake = shown(world)
    async with serving(fake):
        with pytest.raises(AuthFailed, match="does not accept the name or password"):
            await _walked(connected, fake, username=USER, password="wrong")
    assert len(fake.requests) == 1


async def test_a_password_does_not_cross_a_network_unasked(connected: Connect) -> None:
    config = {"url": "http://music.example", **NAMED}
    from segue_navidrome.dialect import _may_send_password

    for changed, allowed in (
        ({}, False),
        ({"plain_password": True}, True),
        ({"url": "https://music.example"}, True),
        ({"url": "http://127.0.0.1:4533"}, True),
        ({"url": "http://127.0.0.1.example"}, False),
        ({"url": "http://[::1]:4533"}, True),
    ):
        assert _may_send_password(NavidromeConfig.model_validate({**config, **changed})) is allowed


@pytest.mark.parametrize("forms", [True, False])
async def test_no_secret_is_told(world: World, connected: Connect, forms: bool) -> None:
    """Whatever breaks: neither password nor token stands in an error, in its causes, or in the log."""
    fake = shown(world, takes_forms=forms)

    def echo(seen: Any) -> web.Response:
        return web.Response(text=f"{PASSWORD} {seen.address}", content_type="text/plain")

    broken: list[Any] = [
        echo,
        lambda seen: web.Response(status=500),
        lambda seen: web.Response(status=302, headers={"Location": f"http://other/?p={PASSWORD}"}),
        lambda seen: web.Response(status=403),
    ]
    with capture_logs() as lines:
        async with serving(fake) as stop, connected(url=fake.url, **NAMED) as adapter:
            told = []
            for fault in [*broken, None]:
                if fault is None:
                    await stop()
                else:
                    fake.fault = fault
                try:
                    await adapter.probe()
                except AdapterError as error:
                    told.append("".join(traceback.format_exception(error)) + str(vars(error)))
    assert len(told) == 5
    tokens = {seen.form[name][0] for seen in fake.requests for name in ("t", "s")}
    for text in [*told, str(lines)]:
        for secret in (PASSWORD, PASSWORD.encode().hex(), *tokens):
            assert secret not in text


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda seen: web.Response(text="<html>", content_type="text/html"), Malformed, "not speak Subsonic"),
        (lambda seen: web.Response(status=404), Unsupported, "There is no ping at"),
        (lambda seen: web.Response(status=301, headers={"Location": "/music"}), Unsupported, "/music"),
        (lambda seen: web.Response(text=XML_REFUSAL), AuthFailed, "does not accept"),
        (lambda seen: web.Response(text='<subsonic-response status="ok"/>'), Unsupported, "XML only"),
    ],
)  # fmt: skip
async def test_what_is_no_server_for_us_is_told_plainly(
    world: World, connected: Connect, answer: Any, error: type[AdapterError], words: str
) -> None:
    fake = shown(world, fault=answer)
    async with serving(fake):
        with pytest.raises(error, match=words):
            await _walked(connected, fake, **NAMED)


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("http://nas:4533/", "http://nas:4533"),
        ("http://nas:4533/app/#/album/all", "http://nas:4533"),
        ("https://home.example/music/app", "https://home.example/music"),
        ("https://home.example/music/rest/", "https://home.example/music"),
        (" nas:4533 ", "http://nas:4533"),
    ],
)
def test_addresses_as_people_paste_them(pasted: str, kept: str) -> None:
    assert NavidromeConfig.model_validate({"url": pasted, **NAMED}).url == kept


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://nas"},
        {"url": "http://nas", "username": "joe"},
        {"url": "http://nas", "api_key": "k", "password": "p", "username": "joe"},
        {"url": "http://joe:secret@nas", **NAMED},
        {"url": "ftp://nas", **NAMED},
        {"url": "http://nas", **NAMED, "path": "music"},
    ],
)
def test_settings_that_cannot_work_are_refused(options: Any) -> None:
    with pytest.raises(ValidationError):
        NavidromeConfig.model_validate(options)


async def _two_libraries(tmp_path: Path) -> FakeSubsonic:
    one, two = World.small(tmp_path / "one"), World.small(tmp_path / "two")
    two.remove(two.songs[0])
    fake = FakeSubsonic(folders={"Ours": one.root, "Theirs": two.root}, most=4)
    fake.scan()
    return fake


async def test_libraries_are_told_apart(tmp_path: Path, connected: Connect) -> None:
    fake = await _two_libraries(tmp_path)
    async with serving(fake), connected(url=fake.url, **NAMED) as adapter:
        tracks = [track async for track in adapter.walk()]
        assert sorted(track.library or "" for track in tracks) == ["Ours"] * 7 + ["Theirs"] * 6
        for track in tracks:
            assert await adapter.get(track.id) == track


async def test_only_wanted_libraries_are_listed(tmp_path: Path, connected: Connect) -> None:
    fake = await _two_libraries(tmp_path)
    async with serving(fake):
        assert await _walked(connected, fake, **NAMED, libraries="Theirs") == 6
        async with connected(url=fake.url, **NAMED, libraries=["Nobody's"]) as adapter:
            with pytest.raises(Unsupported, match="no library named Nobody's; there are: Ours, Theirs"):
                await adapter.probe()


async def test_files_here_are_lent_themselves_and_recognised(
    tmp_path: Path, world: World, connected: Connect
) -> None:
    """The server tells its own whole path, of which only the end is the same here."""
    fake = shown(world)
    (tmp_path / "mounted").symlink_to(world.root)
    async with (
        serving(fake),
        connected(url=fake.url, **NAMED, path=str(tmp_path / "mounted")) as adapter,
    ):
        assert (await adapter.probe()).warnings == ()
        for track in [track async for track in adapter.walk()]:
            assert track.content_key is not None
            async with adapter.audio(track.id) as path:
                assert path.is_relative_to(tmp_path / "mounted")
        other = world.file(world.songs[0])
        other.write_bytes(other.read_bytes() + b"x")
        fake.fault = lambda seen: web.Response(status=503) if seen.method == "download" else None
        id_ = next(id_ for id_, song in fake.songs.items() if song["_file"] == other)
        with pytest.raises(AdapterError):  # another size: not that file, so it is asked of the server
            async with adapter.audio(id_):  # type: ignore[arg-type]
                pass


async def test_files_that_are_not_here_are_downloaded(
    tmp_path: Path, world: World, connected: Connect
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").touch()
    fake = shown(world)
    async with serving(fake), connected(url=fake.url, **NAMED, path=tmp_path / "elsewhere") as adapter:
        assert "will be downloaded" in (await adapter.probe()).warnings[0]
        track = await anext(aiter(adapter.walk()))
        async with adapter.audio(track.id) as path:
            assert path.stat().st_size == track.bytes


def _publisher(adapter: Adapter) -> Publishes:
    assert isinstance(adapter, Publishes)
    return adapter


async def test_a_list_of_somebody_else_is_never_touched(world: World, connected: Connect) -> None:
    """Not even if its id is the one that we remember."""
    fake = shown(world)
    songs = tuple(fake.songs)
    theirs = fake.add_list("theirs", "Mix", owner="somebody", songs=songs[:2])
    async with serving(fake), connected(url=fake.url, **NAMED) as adapter:
        wanted = Playlist(name="Mix", tracks=songs[3:])  # type: ignore[arg-type]
        with pytest.raises(Unsupported, match="belongs to somebody"):
            await _publisher(adapter).publish(wanted, replacing=PlaylistId("theirs"))
        await _publisher(adapter).withdraw(PlaylistId("theirs"))
        assert list(fake.lists) == ["theirs"]
        assert fake.lists["theirs"] is theirs
        assert theirs["_songs"] == list(songs[:2])
        with pytest.raises(Unsupported, match="for tester only, not for joe"):
            await _publisher(adapter).publish(
                Playlist(name="Mix", tracks=(), owner=UserId("joe")), replacing=None
            )


async def test_contents_are_replaced_by_one_request_and_only_when_they_differ(
    world: World, connected: Connect
) -> None:
    fake = shown(world)
    songs = tuple(fake.songs)
    async with serving(fake), connected(url=fake.url, **NAMED) as adapter:
        wanted = Playlist(name="Mix", description="Made by Segue", tracks=songs, public=True)  # type: ignore[arg-type]
        made = await _publisher(adapter).publish(wanted, replacing=None)
        assert (fake.lists[made]["comment"], fake.lists[made]["public"]) == ("Made by Segue", True)
        for tracks, writes in ((songs, 0), (songs[::-1], 1), (songs[:3] * 3000, 2)):
            fake.requests.clear()
            again = Playlist(name="Mix", description="Made by Segue", tracks=tracks, public=True)  # type: ignore[arg-type]
            assert await _publisher(adapter).publish(again, replacing=made) == made
            assert (
                sum(seen.method in ("createPlaylist", "updatePlaylist") for seen in fake.requests) == writes
            )
            assert fake.lists[made]["_songs"] == list(tracks)


async def test_a_list_is_found_under_the_id_that_an_upgrade_gave_it(world: World, connected: Connect) -> None:
    fake = shown(world)
    old = PlaylistId("vAbgnZTJry5zO3G9hahz34")
    fake.add_list(canonical(old), "Mix", owner=USER)
    async with serving(fake), connected(url=fake.url, **NAMED) as adapter:
        wanted = Playlist(name="Mix", tracks=tuple(fake.songs)[:2])  # type: ignore[arg-type]
        assert await _publisher(adapter).publish(wanted, replacing=old) == canonical(old)
        with pytest.raises(NotFound):
            await adapter.entries(old)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BpFj96Ag8AkHKGAnhXvAcG", "5n2mIRohUjMLDGFmaEotlT"),
        ("kcfsVntczLV8nOlJheuVJM", "3KW0BNE7RYbOTg5zdM16N3"),
        ("vAbgnZTJry5zO3G9hahz34", "0Z0HOterhJtklNKj2e1Y6u"),
        ("2vDxwsjJUoHJtbWPMCfuhT", "2vDxwsjJUoHJtbWPMCfuhT"),
        ("a-share", "a-share"),
    ],
)
def test_ids_after_the_upgrade_to_0_64(old: str, new: str) -> None:
    assert canonical(old) == new
    assert canonical(new) == new
