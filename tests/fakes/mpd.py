"""An MPD made from a World: speaks the protocol's part that we use, and breaks where a test says."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mutagen

from segue.sdk.testing import World

_TAGS = {
    "Artist": "artist", "AlbumArtist": "albumartist", "Album": "album", "Title": "title",
    "Track": "tracknumber", "Disc": "discnumber", "Date": "date", "Genre": "genre",
    "MUSICBRAINZ_TRACKID": "musicbrainz_trackid",
}  # fmt: skip
_READ = {"find", "stats", "status", "idle", "noidle", "listplaylists", "listplaylist"}
_CONTROL = {"update", "rescan", "playlistadd", "playlistclear", "rm", "rename"}
_ADMIN = {"sticker", "config"}
_NONE = {"commands", "tagtypes", "password", "ping", "close"}


class _RefusalError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(eq=False)
class _Session:
    writer: asyncio.StreamWriter
    allowed: set[str]
    tags: set[str] = field(default_factory=lambda: set(_TAGS))
    pending: set[str] = field(default_factory=set)
    told: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class FakeMpd:
    """Speaks as protocol 0.23 or 0.24. `broken(command)` may give bytes to send instead, then hangs up."""

    world: World
    protocol: str = "0.24.0"
    passwords: dict[str, set[str]] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=lambda: _READ | _CONTROL | _ADMIN)
    broken: Callable[[str], bytes | None] = lambda command: None
    before_page: Callable[[], None] = lambda: None
    greeting: bytes | None = None
    stickers: dict[tuple[str, str], str] = field(default_factory=dict)
    playlists: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    updating: bool = False
    hidden: int = 0
    db_update: int = 1_700_000_000
    _songs: dict[str, tuple[int, list[tuple[str, str]]]] = field(default_factory=dict)
    _sessions: set[_Session] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self.scan()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        for session in self._sessions:
            session.writer.close()

    async def refresh(self) -> None:
        before = dict(self._songs)
        self.scan()
        self.tell("update")
        if self._songs != before:
            self.db_update += 1
            self.tell("database")

    def tell(self, subsystem: str) -> None:
        for session in self._sessions:
            session.pending.add(subsystem)
            session.told.set()

    def scan(self) -> None:
        self._songs = {}
        for file in sorted(self.world.root.rglob("*.flac")):
            uri = file.relative_to(self.world.root).as_posix()
            self._songs[uri] = int(file.stat().st_mtime), _song(file)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(writer, set() if self.passwords else set(self.allowed))
        self._sessions.add(session)
        try:
            writer.write(self.greeting or f"OK MPD {self.protocol}\n".encode())
            while line := (await reader.readline()).decode().rstrip("\n"):
                is_list = line == "command_list_begin"
                lines = [one async for one in _until_end(reader)] if is_list else [line]
                if not await self._answer(session, reader, lines):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._sessions.discard(session)
            writer.close()

    async def _answer(self, session: _Session, reader: asyncio.StreamReader, lines: Sequence[str]) -> bool:
        out: list[str] = []
        for index, line in enumerate(lines):
            command, *arguments = _words(line)
            self.asked.append(command)
            if (instead := self.broken(command)) is not None:
                session.writer.write(instead)
                await session.writer.drain()
                return False
            try:
                self._permit(session, command)
                if command == "idle":
                    return await self._idle(session, reader, arguments)
                out += [f"{key}: {value}\n" for key, value in self._run(session, command, arguments)]
            except _RefusalError as refused:
                out.append(f"ACK [{refused.code}@{index}] {{{command}}} {refused}\n")
                break
        else:
            out.append("OK\n")
        session.writer.write("".join(out).encode())
        await session.writer.drain()
        return True

    async def _idle(self, session: _Session, reader: asyncio.StreamReader, wanted: Sequence[str]) -> bool:
        if self.protocol < "0.24":
            session.pending &= set(wanted) or session.pending
        noidle = asyncio.ensure_future(reader.readline())
        while not (session.pending & (set(wanted) or session.pending)) and not noidle.done():
            told = asyncio.ensure_future(session.told.wait())
            await asyncio.wait({noidle, told}, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            session.told.clear()
        changed = sorted(session.pending & set(wanted)) if wanted else sorted(session.pending)
        session.pending -= set(changed)
        if noidle.done():
            alive = noidle.result() == b"noidle\n"
        else:
            alive = True
            noidle.cancel()
            await asyncio.wait([noidle])
        session.writer.write("".join(f"changed: {one}\n" for one in changed).encode() + b"OK\n")
        return alive

    def _permit(self, session: _Session, command: str) -> None:
        if command not in _NONE | _READ | _CONTROL | _ADMIN:
            raise _RefusalError(5, f'unknown command "{command}"')
        if command not in _NONE | session.allowed:
            raise _RefusalError(4, f'you don\'t have permission for "{command}"')

    def _run(self, session: _Session, command: str, arguments: Sequence[str]) -> list[tuple[str, str]]:
        match command, *arguments:
            case ["password", given]:
                if given not in self.passwords:
                    raise _RefusalError(3, "incorrect password")
                session.allowed = set(self.passwords[given])
            case ["commands"]:
                return [("command", one) for one in sorted(_NONE | session.allowed)]
            case ["tagtypes"]:
                return [("tagtype", one) for one in _TAGS]
            case ["tagtypes", "clear"]:
                session.tags = set()
            case ["tagtypes", "enable", *names]:
                if unknown := set(names) - set(_TAGS):
                    raise _RefusalError(2, f"Unknown tag type: {unknown}")
                session.tags |= set(names)
            case ["stats"]:
                return [("songs", str(len(self._songs))), ("db_update", str(self.db_update))]
            case ["status"]:
                return [("state", "stop"), *([("updating_db", "1")] if self.updating else [])]
            case ["find", wanted, "window", window]:
                return self._find(session, wanted, window)
            case ["config"]:
                raise _RefusalError(4, "Command only permitted to local clients")
            case ["sticker", "find", "song", "", name]:
                return [
                    pair
                    for (uri, one), value in self.stickers.items()
                    if one == name
                    for pair in (("file", uri), ("sticker", f"{name}={value}"))
                ]
            case _:
                return self._run_playlists(command, arguments)
        return []

    def _run_playlists(self, command: str, arguments: Sequence[str]) -> list[tuple[str, str]]:
        match command, *arguments:
            case ["listplaylists"]:
                moment = "2026-01-01T00:00:00Z"
                return [
                    pair
                    for name in self.playlists
                    for pair in (("playlist", name), ("Last-Modified", moment))
                ]
            case ["listplaylist", name]:
                return [("file", uri) for uri in self._playlist(name)]
            case ["playlistadd", name, uri]:
                if "/" in name or "\n" in name:
                    raise _RefusalError(2, "Bad playlist name")
                if uri not in self._songs:
                    raise _RefusalError(50, "No such directory")
                self.playlists.setdefault(name, []).append(uri)
            case ["playlistclear", name]:
                self._playlist(name).clear()
            case ["rm", name]:
                self._playlist(name)
                del self.playlists[name]
            case ["rename", old, new]:
                if new in self.playlists:
                    raise _RefusalError(56, "Playlist exists already")
                self._playlist(old)
                self.playlists[new] = self.playlists.pop(old)
            case _:
                raise _RefusalError(2, f"the fake does not know {command} {arguments}")
        self.tell("stored_playlist")
        return []

    def _playlist(self, name: str) -> list[str]:
        if name not in self.playlists:
            raise _RefusalError(50, "No such playlist")
        return self.playlists[name]

    def _find(self, session: _Session, wanted: str, window: str) -> list[tuple[str, str]]:
        fits = self._filter(wanted)
        if wanted == '(base "")':
            self.before_page()
        begin, _, end = window.partition(":")
        pairs: list[tuple[str, str]] = []
        shown = list(self._songs)[: len(self._songs) - self.hidden]
        for uri in [uri for uri in shown if fits(uri)][int(begin) : int(end)]:
            mtime, words = self._songs[uri]
            moment = datetime.fromtimestamp(mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            pairs += [("file", uri), ("Last-Modified", moment), ("Format", "22050:16:1")]
            pairs += [(key, value) for key, value in words if key in session.tags or key not in _TAGS]
        return pairs

    def _filter(self, text: str) -> Callable[[str], bool]:
        if text == '(base "")':
            return lambda uri: True
        if found := re.fullmatch(r'\((modified|added)-since "(\d+)"\)', text):
            if found[1] == "added" and self.protocol < "0.24":
                raise _RefusalError(2, "Unknown filter type: added-since")
            return lambda uri: self._songs[uri][0] >= int(found[2])
        if found := re.fullmatch(r'\(file == ("(?:[^"\\]|\\.)*")\)', text):
            [exact] = _words(found[1])
            return lambda uri: uri == exact
        raise _RefusalError(2, "Unknown filter")


@asynccontextmanager
async def fake_mpd(world: World, **options: Any) -> AsyncIterator[FakeMpd]:
    fake = FakeMpd(world, **options)
    await fake.start()
    try:
        yield fake
    finally:
        await fake.stop()


async def _until_end(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    while (line := (await reader.readline()).decode().rstrip("\n")) != "command_list_end":
        if not line:
            raise ConnectionError
        yield line


def _words(line: str) -> list[str]:
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    return [bare if bare else re.sub(r"\\(.)", r"\1", quoted) for quoted, bare in found]


def _song(file: Path) -> list[tuple[str, str]]:
    tags: Any = mutagen.File(file)
    words = [(key, value) for key, name in _TAGS.items() for value in tags.get(name, [])]
    return [*words, ("Time", str(round(tags.info.length))), ("duration", f"{tags.info.length:.3f}")]
