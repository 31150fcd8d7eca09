"""A Lyrion that shows a world: odd where the real one is odd, and broken where a test says."""

import asyncio
import hashlib
import itertools
import json
import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import quote, unquote

import mutagen
from aiohttp import web

from segue.sdk.testing import World

__all__ = ["FakeLyrion", "serving"]

_TABLES = """
    create table tracks (
        id integer primary key, url text collate nocase, urlmd5 text, title text, audio int default 1,
        timestamp int, updated_time int, added_time int, filesize int, remote int default 0,
        extid text, more text, musicbrainz_id text
    );
    create table tracks_persistent (urlmd5 text, rating int, playcount int, lastplayed int);
"""
_NUMBER = 10_000_000


@dataclass
class Hung(Exception):  # noqa: N818  what the real one does: it hangs up
    """The real server closes the connection without a byte."""


@dataclass
class FakeLyrion:
    """What it shows is what it read at its last scan. `fault` may give other bytes, or hang up."""

    world: World
    username: str | None = None
    password: str = ""
    takes_sql: bool = True
    has_cli: bool = True
    version: str = "9.1.1"
    scanning: bool = False
    stale_songs: int = 0
    page: int = _NUMBER
    fault: Callable[[list[Any]], bytes | None] = lambda words: None
    asked: list[list[Any]] = field(default_factory=list)
    playlists: dict[int, dict[str, Any]] = field(default_factory=dict)
    lines: list[asyncio.StreamWriter] = field(default_factory=list)
    sessions: dict[asyncio.StreamWriter, "asyncio.Task[None]"] = field(default_factory=dict)
    last_scan: int = field(default_factory=lambda: int(time()) - 100)
    url: str = ""
    cli_port: int = 1
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.row_factory = sqlite3.Row
        self.db.executescript(_TABLES)
        self.scan()

    @property
    def credentials(self) -> dict[str, object]:
        return {} if self.username is None else {"username": self.username, "password": self.password}

    # Scans

    def scan(self) -> None:
        """Read the folder; a moved file is another row."""
        before = {row["url"]: row for row in self.db.execute("select * from tracks where remote = 0")}
        found = {_url(file): file for file in sorted(self.world.root.rglob("*.flac"))}
        changed = False
        for url in set(before) - set(found):
            self.db.execute("delete from tracks where url = ?", [url])
            changed = True
        for url, file in found.items():
            row = _read(file)
            old = before.get(url)
            if old is None or (old["filesize"], old["more"]) != (row["filesize"], row["more"]):
                self._keep(url, row, None if old is None else old["id"])
                changed = True
        if changed:
            self.last_scan = max(int(time()), self.last_scan + 1)

    def wipe(self) -> None:
        """Clear the library and scan: all numbers are new."""
        self.db.execute("delete from tracks")
        kept, self.playlists = self.playlists, {}
        self.scan()
        for held in kept.values():
            self.playlists[next(self._numbers)] = held

    async def rescan(self) -> None:
        """A scan, told as the real one tells it: its end several times."""
        self.tell("rescan")
        self.scan()
        for _ in range(3):
            self.tell("rescan", "done")

    def tell(self, *words: str) -> None:
        """A notice to all who listen."""
        for writer in self.lines:
            writer.write((" ".join(words) + "\n").encode())

    def add_row(self, url: str, **columns: object) -> None:
        """A row that no file stands behind."""
        row = {"title": url, "filesize": 0, "more": "{}", "timestamp": 0, **columns}
        self._keep(url, row, None)

    def play(self, url: str, *, at: int, count: int = 1, rating: int = 0) -> None:
        self.db.execute(
            "insert into tracks_persistent values (?, ?, ?, ?)", [_md5(url), rating, count, at or None]
        )

    def add_playlist(self, name: str, tracks: Sequence[str]) -> str:
        """A playlist that a person made."""
        url = f"file:///playlists/theirs%20{quote(name)}.m3u"
        self.playlists[next(self._numbers)] = {"url": url, "playlist": name, "tracks": list(tracks)}
        return url

    def _keep(self, url: str, row: dict[str, Any], number: int | None) -> None:
        now = int(time())
        columns = {
            "id": number or next(self._numbers), "url": url, "urlmd5": _md5(url), "updated_time": now,
            "added_time": now, **row,
        }  # fmt: skip
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        self.db.execute(f"insert or replace into tracks ({names}) values ({marks})", list(columns.values()))

    # HTTP

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._guard])
        application.router.add_post("/jsonrpc.js", self._jsonrpc)
        application.router.add_get("/music/{id}/download", self._download)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.username is not None:
            proof = b64encode(f"{self.username}:{self.password}".encode()).decode()
            if request.headers.get("Authorization") != f"Basic {proof}":
                challenge = {"WWW-Authenticate": 'Basic realm="Lyrion Music Server"'}
                return web.Response(status=401, headers=challenge)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _jsonrpc(self, request: web.Request) -> web.StreamResponse:
        question = await request.json()
        player, words = question["params"]
        assert player == "", "no player may be touched"
        self.asked.append(words)
        try:
            broken = self.fault(words)
            body = broken if broken is not None else json.dumps(question | {"result": self.answer(words)})
        except Hung:
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError from None
        return web.Response(
            body=body if isinstance(body, bytes) else body.encode(), content_type="application/json"
        )

    async def _download(self, request: web.Request) -> web.StreamResponse:
        row = self.db.execute("select * from tracks where id = ?", [request.match_info["id"]]).fetchone()
        if row is None:
            await asyncio.Event().wait()  # the real one never answers
        return web.FileResponse(Path(unquote(row["url"].removeprefix("file://"))))

    # Commands

    def answer(self, words: list[Any]) -> dict[str, Any]:
        """What one command gives; Hung where the real one hangs up."""
        plain = [word for word in words[1:] if not (isinstance(word, str) and ":" in word)]
        tagged = dict(word.partition(":")[::2] for word in words[1:] if isinstance(word, str) and ":" in word)
        verb = plain[0] if words[0] == "playlists" and isinstance(plain[0], str) else ""
        handler = getattr(self, f"_{words[0]}_{verb}" if verb else f"_{words[0]}", None)
        if handler is None:
            raise Hung
        answer = handler([word for word in plain if word != verb], tagged)
        if verb in ("new", "edit", "delete", "rename"):
            self.tell("playlists", verb)
        if self.scanning:
            answer["rescan"] = 1
        return dict(answer)

    def _version(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        return {"_version": self.version}

    def _rescan(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        return {"_rescan": int(self.scanning)}

    def _pref(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        return {"_p2": {"playlistdir": "/playlists", "mediadirs": [str(self.world.root)]}[plain[0]]}

    def _serverstatus(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        songs = self.db.execute("select count(*) from tracks").fetchone()[0] + self.stale_songs
        status = {"version": self.version, "info total songs": songs, "info total albums": str(min(songs, 3))}
        return status if self.scanning else {**status, "lastscan": str(self.last_scan)}

    def _titles(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        where, order = "1", "tracks.title"
        for key, value in ((key, tagged.get(key, "")) for key in ("search", "sort")):
            if value.startswith("sql=") and self.takes_sql:
                where, order = (value[4:], order) if key == "search" else (where, value[4:])
            elif key == "search" and value:
                where = f"tracks.title like '%{value}%'"
        tables = "tracks left join tracks_persistent on tracks.urlmd5 = tracks_persistent.urlmd5"
        try:
            rows = self.db.execute(f"select * from {tables} where {where} order by {order}").fetchall()
        except sqlite3.Error as error:
            raise Hung from error
        start, count = int(plain[0]), min(int(plain[1]), self.page)
        page = rows[start : start + count]
        listed = [_told(row, tagged.get("tags", "gald")) for row in page]
        return {"count": len(rows), **({"titles_loop": listed} if listed else {})}

    def _playlists(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        rows = [{"id": id_, **held} for id_, held in self.playlists.items()]
        page = rows[int(plain[0]) : int(plain[0]) + int(plain[1])]
        told = [{key: row[key] for key in ("id", "playlist", "url")} for row in page]
        return {"count": len(rows), **({"playlists_loop": told} if told else {})}

    def _playlists_tracks(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        held = self._held(tagged)
        start, most = int(plain[0]), int(plain[1])
        page = list(enumerate(held["tracks"]))[start : start + most]
        rows = [{"playlist index": str(at) if at == 0 else at, "id": at, "url": url} for at, url in page]
        told = {"playlisttracks_loop": rows} if rows else {}
        return {"__playlistTitle": held["playlist"], "count": len(held["tracks"]), **told}

    def _playlists_new(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        name = _cleaned(tagged["name"])
        for id_, held in self.playlists.items():
            if held["url"] == _list_url(name):
                return {"overwritten_playlist_id": id_}
        number = next(self._numbers)
        self.playlists[number] = {"url": _list_url(name), "playlist": name, "tracks": []}
        return {"playlist_id": number}

    def _playlists_edit(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        tracks = self._held(tagged)["tracks"]
        at = int(tagged.get("index", -1))
        match tagged["cmd"]:
            case "add":
                if tagged["url"] not in tracks:
                    tracks.append(tagged["url"])
            case "delete":
                del tracks[at : at + 1]
            case "move":
                tracks.insert(int(tagged["toindex"]), tracks.pop(at))
        return {}

    def _playlists_rename(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        held, name = self._held(tagged), _cleaned(tagged["newname"])
        taken = [id_ for id_, other in self.playlists.items() if other["url"] == _list_url(name)]
        if "dry_run" in tagged:
            return {"overwritten_playlist_id": taken[0]} if taken else {}
        held["url"], held["playlist"] = _list_url(name), name
        return {}

    def _playlists_delete(self, plain: list[Any], tagged: dict[str, str]) -> dict[str, Any]:
        self._held(tagged)
        del self.playlists[int(tagged["playlist_id"])]
        return {}

    def _held(self, tagged: dict[str, str]) -> dict[str, Any]:
        held = self.playlists.get(int(tagged["playlist_id"]))
        if held is None:
            raise Hung
        return held

    # The command line

    async def command_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        let_in = self.username is None
        task = asyncio.current_task()
        assert task is not None
        self.sessions[writer] = task
        try:
            while line := await reader.readline():
                words = [unquote(word) for word in line.decode().split()]
                if words[:1] == ["login"]:
                    let_in = words[1:] == [self.username, self.password]
                    if not let_in:
                        break
                    words[2] = "******"
                elif words[:1] == ["subscribe"] and let_in:
                    self.lines.append(writer)
                elif words[:1] == ["version"] and let_in:
                    words[1] = self.version
                writer.write((" ".join(quote(word) for word in words) + "\n").encode())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            if writer in self.lines:
                self.lines.remove(writer)
            del self.sessions[writer]
            writer.close()


@asynccontextmanager
async def serving(fake: FakeLyrion) -> AsyncIterator[Callable[[], Any]]:
    """The fake on free ports of this machine; what is given stops it."""
    runner = web.AppRunner(fake.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    line = await asyncio.start_server(fake.command_line, "127.0.0.1", 0) if fake.has_cli else None
    if line is not None:
        fake.cli_port = line.sockets[0].getsockname()[1]

    async def stop() -> None:
        await runner.cleanup()
        if line is not None:
            line.close()
            tasks = list(fake.sessions.values())
            for writer in list(fake.sessions):
                writer.close()
            await asyncio.gather(*tasks)

    try:
        yield stop
    finally:
        await stop()
        fake.db.close()


def _told(row: sqlite3.Row, tags: str) -> dict[str, Any]:
    """Numbers as numbers or as text, just as they come."""
    one = {"id": row["id"], "title": row["title"], **json.loads(row["more"])}
    wide = {
        "u": ("url", row["url"]), "x": ("remote", str(row["remote"])),
        "f": ("filesize", str(row["filesize"])),
        "n": ("modificationTime", str(row["timestamp"])), "D": ("addedTime", str(row["added_time"])),
        "U": ("lastUpdated", str(row["updated_time"])), "E": ("extid", row["extid"]),
        "R": ("rating", row["rating"]), "O": ("playcount", row["playcount"]),
    }  # fmt: skip
    return one | {name: value for tag, (name, value) in wide.items() if tag in tags and value is not None}


def _read(file: Path) -> dict[str, Any]:
    tags: Any = mutagen.File(file)
    facts = file.stat()
    more = {
        "albumartist": tags["albumartist"][0], "trackartist": tags["artist"][0], "album": tags["album"][0],
        "tracknum": tags["tracknumber"][0], "disc": tags["discnumber"][0], "year": tags["date"][0],
        "genres": tags["genre"][0], "duration": tags.info.length, "type": "flc", "compilation": "0",
    }  # fmt: skip
    return {
        "title": tags["title"][0], "filesize": facts.st_size, "timestamp": int(facts.st_mtime),
        "more": json.dumps(more | {"title": tags["title"][0]}),
    }  # fmt: skip


def _url(file: Path) -> str:
    return f"file://{quote(str(file))}"


def _list_url(name: str) -> str:
    return f"file:///playlists/{quote(name)}.m3u"


def _cleaned(name: str) -> str:
    return name.replace("/", " ")


def _md5(url: str) -> str:
    return hashlib.md5(url.encode()).hexdigest()
