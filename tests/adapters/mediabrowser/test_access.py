"""Getting in: addresses as people paste them, plain words for what cannot work, no secret told, and
devices that stay the same."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError
from structlog.testing import capture_logs

from segue.sdk import AdapterError, NotFound, Unsupported
from segue.sdk.dialects.mediabrowser.device import device
from segue.sdk.dialects.mediabrowser.libraries import Part, choose, part_of
from segue.sdk.dialects.mediabrowser.payloads import Library
from segue.sdk.testing import World
from tests.adapters.mediabrowser.conftest import PLUGINS, WAYS, connected, held_by, shown
from tests.fakes.mediabrowser import KEY, PASSWORD, FakeMediaBrowser, Seen, serving

KINDS = ["jellyfin", "emby"]
BY_KEY = {"api_key": "k"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("http://nas:8096/", "http://nas:8096"),
        ("http://nas:8096/web/index.html#/home.html", "http://nas:8096"),
        ("https://home.example/media/web/", "https://home.example/media"),
        (" nas:8096 ", "http://nas:8096"),
    ],
)
def test_addresses_as_people_paste_them(kind: str, pasted: str, kept: str) -> None:
    assert PLUGINS[kind].config.model_validate({"url": pasted, **BY_KEY}).url == kept


def test_embys_prefix_is_left_off() -> None:
    assert PLUGINS["emby"].config.model_validate({"url": "http://nas/emby", **BY_KEY}).url == "http://nas"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://nas"},
        {"url": "http://nas", "username": "joe"},
        {"url": "http://nas", "password": "p"},
        {"url": "http://nas", "username": "joe", "password": "p", "api_key": "k"},
        {"url": "http://joe:secret@nas", **BY_KEY},
        {"url": "ftp://nas", **BY_KEY},
        {"url": "http://nas", **BY_KEY, "path": "music"},
        {"url": "http://nas", **BY_KEY, "colour": "red"},
    ],
)
def test_settings_that_cannot_work_are_refused(kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PLUGINS[kind].config.model_validate(options)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_other_server_is_told_apart(tmp_path: Path, kind: str) -> None:
    other = KINDS[1 - KINDS.index(kind)]
    fake = shown(kind, World.small(tmp_path / "music"))
    info = fake.public_info  # type: ignore[attr-defined]
    fake.fault = lambda seen: web.json_response(info(seen)) if seen.path.endswith("/Public") else None
    async with serving(fake):
        with pytest.raises(Unsupported, match=f"its kind is `{kind}`"):
            async with connected(other, tmp_path / "scratch", url=fake.url, **WAYS["login"]):
                pass


@pytest.mark.parametrize(("kind", "version"), [("jellyfin", "10.9.11"), ("emby", "4.7.14.0")])
async def test_an_old_server_is_told(tmp_path: Path, kind: str, version: str) -> None:
    fake = shown(kind, World.small(tmp_path / "music"), version=version)
    async with serving(fake):
        with pytest.raises(Unsupported, match="is the oldest"):
            async with connected(kind, tmp_path / "scratch", url=fake.url, **WAYS["login"]):
                pass


@pytest.mark.parametrize("kind", KINDS)
async def test_a_user_that_is_not_there_is_told(tmp_path: Path, kind: str) -> None:
    fake = shown(kind, World.small(tmp_path / "music"))
    async with serving(fake):
        with pytest.raises(Unsupported, match="no user named joe; there are: tester"):
            async with connected(kind, tmp_path / "scratch", url=fake.url, api_key=KEY, username="joe"):
                pass


@pytest.mark.parametrize("kind", KINDS)
async def test_what_answers_may_be_anything(tmp_path: Path, kind: str) -> None:
    fake = shown(kind, World.small(tmp_path / "music"))
    answers: list[web.Response] = [
        web.Response(text="<html>", content_type="text/html"),
        web.Response(status=404),
        web.Response(status=302, headers={"Location": "http://other/?api_key=se:cret"}),
        web.json_response([]),
    ]
    async with serving(fake):
        for answer in answers:
            fake.fault = lambda seen, answer=answer: answer  # type: ignore[misc]
            with pytest.raises(AdapterError) as told:
                async with connected(kind, tmp_path / "scratch", url=fake.url, **WAYS["login"]):
                    pass
            assert not isinstance(told.value, NotFound)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["login", "key"])
async def test_no_secret_is_told(tmp_path: Path, kind: str, way: str) -> None:
    """Whatever breaks: neither password, key nor token stands in an error, in its causes, or in the log."""

    ours = PASSWORD if way == "login" else KEY

    def echo(seen: Seen) -> web.Response:
        return web.Response(text=f"{ours} {seen.headers}", content_type="text/plain")

    faults: list[Any] = [echo, lambda seen: web.Response(status=403)]
    told = []
    with capture_logs() as lines:
        async with held_by(kind, way, tmp_path) as held:
            tokens = list(held.fake.tokens)
            for fault in [*faults, None]:
                if fault is None:
                    await held.stop()
                else:
                    held.fake.fault = fault
                for act in (held.adapter.probe(), anext(held.adapter.changes())):
                    try:
                        await act
                    except AdapterError as error:
                        told.append("".join(traceback.format_exception(error)) + str(vars(error)))
    assert len(told) == 6
    for text in [*told, str(lines)]:
        for secret in (ours, *tokens):
            assert secret not in text


@pytest.mark.parametrize("kind", KINDS)
async def test_logging_in_again_is_the_same_device(tmp_path: Path, kind: str) -> None:
    """And two connections at once are two devices: the second login would end the first one's."""
    fake = shown(kind, World.small(tmp_path / "music"))
    options: dict[str, Any] = {"url": fake.url, **WAYS["login"]}
    async with serving(fake):
        options["url"] = fake.url
        seen: list[str] = []
        for _ in range(2):
            async with connected(kind, tmp_path / "scratch", **options):
                seen.append(_only_device(fake))
                async with connected(kind, tmp_path / "scratch", **options) as second:
                    assert len({held for _, held in fake.tokens.values()}) == 2
                    assert (await second.probe()).tracks == 7
            assert fake.tokens == {}
        assert seen[0] == seen[1]


def _only_device(fake: FakeMediaBrowser) -> str:
    [(_, name)] = fake.tokens.values()
    return name


async def test_a_device_is_kept_and_never_shared(tmp_path: Path) -> None:
    async with device(tmp_path) as one, device(tmp_path) as two:
        assert one != two
    async with device(tmp_path) as again:
        assert again == one
    (tmp_path / "device-0").write_bytes(b"\xff\0garbage")
    async with device(tmp_path) as fresh:
        assert fresh.startswith("segue-")
        assert fresh not in (one, two)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["login", "key", "plain user"])
async def test_libraries_are_told_apart(tmp_path: Path, kind: str, way: str) -> None:
    folders = {name: World.small(tmp_path / name).root for name in ("Ours", "Theirs", "Films", "Books")}
    other = {"jellyfin": "Books", "emby": "Films"}[kind]
    folders.pop(other)
    fake = type(shown(kind, World(tmp_path / "none")))(folders=folders)
    fake.add_user("joe", "pw")
    access = {"username": "joe", "password": "pw"} if way == "plain user" else WAYS[way]
    async with serving(fake):
        options = {"url": fake.url, **access}
        async with connected(kind, tmp_path / "scratch", **options) as adapter:
            tracks = [track async for track in adapter.walk()]
            assert sorted(track.library or "" for track in tracks) == ["Ours"] * 7 + ["Theirs"] * 7
            for track in tracks[::4]:
                assert await adapter.get(track.id) == track
            ours = {track.id for track in tracks}
            with pytest.raises(NotFound):
                await adapter.get(next(id_ for id_ in fake.songs if id_ not in ours))  # type: ignore[arg-type]
        async with connected(kind, tmp_path / "scratch", **options, libraries="Theirs") as adapter:
            assert len([track async for track in adapter.walk()]) == 7
        async with connected(kind, tmp_path / "scratch", **options, libraries=["Nobody's"]) as adapter:
            with pytest.raises(Unsupported, match="no library named Nobody's; there are: "):
                await adapter.probe()


def test_a_path_belongs_to_the_innermost_library() -> None:
    parts = [
        Part(id="1", name="All", folders=("/music", "D:\\Music")),
        Part(id="2", name="Jazz", folders=("/music/jazz/",)),
    ]
    for path, name in (
        ("/music/a.flac", "All"), ("/music/jazz/a.flac", "Jazz"), ("/music/jazzy/a.flac", "All"),
        ("D:\\Music\\a.flac", "All"), ("/musical/a.flac", None), (None, None),
    ):  # fmt: skip
        found = part_of(path, parts)
        assert (found.name if found else None) == name


def test_music_is_chosen_and_audio_books_are_not() -> None:
    rows = [("A", "music"), ("B", "audiobooks"), ("C", None), ("D", "movies")]
    told = [Library.model_validate({"Name": n, "ItemId": n, "CollectionType": c}) for n, c in rows]
    assert [part.name for part in choose(told, ())] == ["A"]
    assert [part.name for part in choose(told, ("C", "A"))] == ["A", "C"]


async def test_files_here_that_are_others_are_not_believed(tmp_path: Path) -> None:
    """A file counts if its size is what the server says."""
    for kind in KINDS:
        world = World.small(tmp_path / kind / "music")
        fake = shown(kind, world)
        elsewhere = tmp_path / kind / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "x").touch()
        scratch = tmp_path / kind / "scratch"
        async with serving(fake):
            options = {"url": fake.url, **WAYS["key"]}
            async with connected(kind, scratch, **options, path=elsewhere) as adapter:
                assert any("will be downloaded" in one for one in (await adapter.probe()).warnings)
            async with connected(kind, scratch, **options, path=world.root) as adapter:
                assert not any("will be downloaded" in one for one in (await adapter.probe()).warnings)
                async for track in adapter.walk():
                    assert track.content_key is not None
                    async with adapter.audio(track.id) as path:
                        assert path.is_relative_to(world.root)
