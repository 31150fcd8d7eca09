"""A Subsonic server that shows a world: as Navidrome does, or as a plain old one; it breaks on demand."""

import asyncio
import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import mutagen
from aiohttp import web

from segue.sdk.testing import World

__all__ = ["PASSWORD", "USER", "FakeSubsonic", "Seen", "serving", "shown"]

Form = Mapping[str, list[str]]
USER, PASSWORD = "tester", "se:same& ü"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request, as it came."""

    verb: str
    method: str
    form: Form
    address: str


@dataclass
class FakeSubsonic:
    """What it shows is what it read at its last scan. `fault` may answer in its place."""

    folders: dict[str, Path]
    navidrome: bool = True
    searchable: bool = True
    steady: bool = True
    takes_forms: bool = True
    takes_tokens: bool = True
    downloads: bool = True
    api_key: str | None = None
    most: int = 500
    scanning: bool = False
    fault: Callable[[Seen], web.StreamResponse | None] = lambda seen: None
    requests: list[Seen] = field(default_factory=list)
    replies: list[tuple[Seen, dict[str, Any]]] = field(default_factory=list)
    songs: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    players: list[dict[str, Any]] = field(default_factory=list)
    forgotten: dict[str, dict[str, Any]] = field(default_factory=dict)
    streams: list["asyncio.Queue[tuple[str, Any]]"] = field(default_factory=list)
    last_scan: datetime = field(default_factory=lambda: datetime.now(UTC))
    url: str = ""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def scan(self) -> None:
        """Read the folders; a moved file is recognised by its tags, as Navidrome does."""
        before, found = self.songs, {}
        for number, root in enumerate(self.folders.values(), 1):
            for file in sorted(root.rglob("*.flac")):
                song = _read(file, root, folder=number)
                song["id"] = self._id_for(song, before, file, found)
                song["_seen_at"] = before.get(song["id"], song)["_seen_at"]
                found[song["id"]] = song
        self.forgotten |= {id_: song for id_, song in before.items() if id_ not in found}
        changed = found != before
        self.songs, self.last_scan = found, datetime.now(UTC)
        if changed:
            self.tell("refreshResource", {"*": "*"})
        self.tell("scanStatus", {"scanning": False, "count": len(found)})

    def tell(self, name: str, data: object) -> None:
        """An event to all who listen."""
        for stream in self.streams:
            stream.put_nowait((name, data))

    def _id_for(self, song: dict[str, Any], before: Any, file: Path, found: Any) -> str:
        for id_, old in before.items():
            if old["_file"] == file:
                return str(id_)
        marks = ("album", "discNumber", "track", "title")
        for id_, old in (before | self.forgotten).items():
            moved = not old["_file"].exists() and all(old[mark] == song[mark] for mark in marks)
            if self.navidrome and moved and id_ not in found:
                return str(id_)
        return hashlib.md5(f"{file}{next(self._numbers)}".encode()).hexdigest()[:22]

    def application(self) -> web.Application:
        application = web.Application(client_max_size=10 * 1024 * 1024)
        application.router.add_route("*", "/rest/{method}", self._rest)
        if self.navidrome:
            application.router.add_post("/auth/login", self._login)
            application.router.add_get("/api/events", self._events)
            application.router.add_get("/api/song", self._native_songs)
            application.router.add_get("/api/player", self._native_players)
            application.router.add_put("/api/player/{id}", self._native_player)
        return application

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        seen = await _seen(request)
        self.requests.append(seen)
        if (broken := self.fault(seen)) is not None:
            return broken
        if request.method == "POST" and not self.takes_forms:
            return web.Response(status=405)
        handler = getattr(self, f"_{seen.method}", None)
        if handler is None:
            return web.Response(status=404, text="not found")
        if seen.method != "getOpenSubsonicExtensions" and (refused := self._refusal(seen.form)):
            return self._reply(seen, {"error": {"code": refused[0], "message": refused[1]}}, status="failed")
        try:
            answer = handler(seen.form)
        except _RefusedError as error:
            return self._reply(seen, {"error": {"code": error.code, "message": error.text}}, status="failed")
        return web.FileResponse(answer) if isinstance(answer, Path) else self._reply(seen, answer)

    def _refusal(self, form: Form) -> tuple[int, str] | None:
        if self.api_key is not None:
            return None if form.get("apiKey") == [self.api_key] else (44, "Invalid API key")
        if "u" not in form or "c" not in form:
            return 10, "missing parameter"
        if "t" in form and self.takes_tokens:
            right = hashlib.md5(f"{PASSWORD}{form['s'][0]}".encode()).hexdigest() == form["t"][0]
        elif "p" in form:
            right = form["p"][0] in (PASSWORD, f"enc:{PASSWORD.encode().hex()}")
        else:
            return 10, "missing parameter: 'p'"
        return None if right and form["u"] == [USER] else (40, "Wrong username or password")

    def _reply(self, seen: Seen, content: dict[str, Any], *, status: str = "ok") -> web.Response:
        reply: dict[str, Any] = {"status": status, "version": "1.16.1" if self.navidrome else "1.12.0"}
        if self.navidrome:
            reply |= {"type": "navidrome", "serverVersion": "0.64.0 (fake)", "openSubsonic": True}
        reply |= content
        whole = {"subsonic-response": reply}
        self.replies.append((seen, whole))
        return web.Response(body=json.dumps(whole).encode(), content_type="application/json")

    # What the Subsonic API offers

    def _ping(self, form: Form) -> dict[str, Any]:
        if not any(player["client"] == form["c"][0] for player in self.players):
            self.players.append({"id": "p1", "client": form["c"][0], "reportRealPath": False})
        return {}

    def _getOpenSubsonicExtensions(self, form: Form) -> dict[str, Any]:
        return {"openSubsonicExtensions": [{"name": "formPost", "versions": [1]}]}

    def _tokenInfo(self, form: Form) -> dict[str, Any]:
        return {"tokenInfo": {"username": USER}}

    def _getUser(self, form: Form) -> dict[str, Any]:
        roles = (
            "admin", "settings", "download", "upload", "playlist", "coverArt", "comment", "podcast", "stream",
            "jukebox", "share", "videoConversion",
        )  # fmt: skip
        user = {f"{role}Role": True for role in roles}
        return {"user": {"username": USER, "scrobblingEnabled": True, "folder": [], **user}}

    def _getMusicFolders(self, form: Form) -> dict[str, Any]:
        rows = [{"id": number, "name": name} for number, name in enumerate(self.folders, 1)]
        return {"musicFolders": {"musicFolder": rows}}

    def _getScanStatus(self, form: Form) -> dict[str, Any]:
        if not self.navidrome:
            raise _RefusedError(0, "Daemon unavailable")
        told = {"folderCount": 1, "lastScan": self.last_scan.isoformat(), "scanType": "quick"}
        return {"scanStatus": {"scanning": self.scanning, "count": len(self.songs), **told}}

    def _getIndexes(self, form: Form) -> dict[str, Any]:
        modified = int(self.last_scan.timestamp() * 1000)
        return {"indexes": {"lastModified": modified, "ignoredArticles": ""}}

    def _getArtists(self, form: Form) -> dict[str, Any]:
        artists = sorted({song["artist"] for song in self.songs.values()})
        index = [
            {"name": name[0], "artist": [{"id": name, "name": name, "albumCount": 1}]} for name in artists
        ]
        return {"artists": {"ignoredArticles": "", "index": index}}

    def _getArtist(self, form: Form) -> dict[str, Any]:
        name = form["id"][0]
        songs = [song for song in self.songs.values() if song["artist"] == name]
        if not songs:
            raise _RefusedError(70, "Artist not found")
        albums = {
            song["albumId"]: [one for one in songs if one["albumId"] == song["albumId"]] for song in songs
        }
        listed = [self._album(id_, inside) for id_, inside in albums.items()]
        return {"artist": {"id": name, "name": name, "albumCount": len(listed), "album": listed}}

    def _search3(self, form: Form) -> dict[str, Any]:
        if not self.searchable:
            return {"searchResult3": {}}
        query = form["query"][0].lower().strip('"')
        rows = [song for song in self._rows(form) if query in song["title"].lower()]
        if not self.steady:  # to and fro, for an order by chance may be the same by chance
            rows.sort(key=lambda song: song["id"], reverse=next(self._numbers) % 2 == 0)
        begin, count = int(form["songOffset"][0]) if "songOffset" in form else 0, int(form["songCount"][0])
        page = rows[begin : begin + min(count, self.most)]
        return {"searchResult3": {"song": [self._child(song) for song in page]} if page else {}}

    def _getAlbumList2(self, form: Form) -> dict[str, Any]:
        albums: dict[str, list[dict[str, Any]]] = {}
        for song in self._rows(form):
            albums.setdefault(song["albumId"], []).append(song)
        rows = [self._album(id_, songs) for id_, songs in albums.items()]
        rows.sort(key=lambda row: row["name"])
        if form["type"] == ["newest"]:
            rows.sort(key=lambda row: row["created"], reverse=True)
        begin, count = int(form["offset"][0]), int(form["size"][0])
        return {"albumList2": {"album": rows[begin : begin + min(count, self.most)]}}

    def _getAlbum(self, form: Form) -> dict[str, Any]:
        songs = [song for song in self.songs.values() if song["albumId"] == form["id"][0]]
        if not songs:
            raise _RefusedError(70, "Album not found")
        album = self._album(form["id"][0], songs)
        return {"album": {**album, "song": [self._child(song) for song in songs]}}

    def _getSong(self, form: Form) -> dict[str, Any]:
        return {"song": self._child(self._known(form["id"][0]))}

    def _download(self, form: Form) -> Path:
        if not self.downloads:
            raise _RefusedError(50, "downloads are disabled")
        return self._stream(form)

    def _stream(self, form: Form) -> Path:
        file: Path = self._known(form["id"][0])["_file"]
        if not file.exists():
            raise _RefusedError(0, "no such file or directory")
        return file

    def _getPlaylists(self, form: Form) -> dict[str, Any]:
        return {"playlists": {"playlist": [_headed(one) for one in self.lists.values()]}}

    def _getPlaylist(self, form: Form) -> dict[str, Any]:
        held = self._list(form["id"][0])
        entry = [self._child(self.songs[id_]) for id_ in held["_songs"] if id_ in self.songs]
        return {"playlist": {**_headed(held), "entry": entry}}

    def _createPlaylist(self, form: Form) -> dict[str, Any]:
        wanted = form.get("songId", [])
        if not self.navidrome and any(id_ not in self.songs for id_ in wanted):
            raise _RefusedError(70, "Track not found")
        if "playlistId" in form:
            held = self._list(form["playlistId"][0])
            if held["owner"] != USER:
                raise _RefusedError(50, "not authorized")
            if not wanted and self.navidrome:
                return self._getPlaylist({"id": form["playlistId"]})
        else:
            id_ = hashlib.md5(f"list{next(self._numbers)}".encode()).hexdigest()[:22]
            held = self.add_list(id_, form["name"][0], owner=USER)
        held["_songs"] = [id_ for id_ in wanted if id_ in self.songs]
        held["changed"] = datetime.now(UTC).isoformat()
        return self._getPlaylist({"id": [held["id"]]}) if self.navidrome else {}

    def _updatePlaylist(self, form: Form) -> dict[str, Any]:
        held = self._list(form["playlistId"][0])
        if held["owner"] != USER:
            raise _RefusedError(50, "not authorized")
        gone = {int(place) for place in form.get("songIndexToRemove", [])}
        kept = [id_ for place, id_ in enumerate(held["_songs"]) if place not in gone]
        held["_songs"] = kept + [id_ for id_ in form.get("songIdToAdd", []) if id_ in self.songs]
        held["name"] = form.get("name", [held["name"]])[0]
        held["comment"] = form.get("comment", [held["comment"]])[0]
        held["public"] = form.get("public", [str(held["public"]).lower()])[0] == "true"
        return {}

    def _deletePlaylist(self, form: Form) -> dict[str, Any]:
        if self._list(form["id"][0])["owner"] != USER:
            raise _RefusedError(50, "not authorized")
        del self.lists[form["id"][0]]
        return {}

    def add_list(self, id_: str, name: str, *, owner: str, songs: tuple[str, ...] = ()) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        self.lists[id_] = {
            "id": id_, "name": name, "owner": owner, "comment": "", "public": False, "created": now,
            "changed": now, "duration": 0, "_songs": list(songs),
        }  # fmt: skip
        return self.lists[id_]

    def _list(self, id_: str) -> dict[str, Any]:
        if id_ not in self.lists:
            raise _RefusedError(70, "playlist not found")
        return self.lists[id_]

    def _known(self, id_: str) -> dict[str, Any]:
        """Navidrome goes on telling of files that are gone."""
        held = self.songs | self.forgotten if self.navidrome else self.songs
        if id_ not in held:
            raise _RefusedError(70, "data not found")
        return held[id_]

    def _rows(self, form: Form) -> list[dict[str, Any]]:
        wanted = form.get("musicFolderId")
        return [song for song in self.songs.values() if wanted is None or str(song["_folder"]) in wanted]

    def _child(self, song: dict[str, Any]) -> dict[str, Any]:
        real = any(player["reportRealPath"] for player in self.players)
        path = song["_file"] if real else song["path"]
        return {**{key: value for key, value in song.items() if key[0] != "_"}, "path": str(path)}

    def _album(self, id_: str, songs: list[dict[str, Any]]) -> dict[str, Any]:
        first = songs[0]
        return {
            "id": id_, "name": first["album"], "artist": first["artist"], "songCount": len(songs),
            "duration": sum(song["duration"] for song in songs),
            "created": max(song["created"] for song in songs),
        }  # fmt: skip

    # What only Navidrome offers

    async def _login(self, request: web.Request) -> web.Response:
        words = await request.json()
        if (words["username"], words["password"]) != (USER, PASSWORD):
            return web.Response(status=401)
        return web.json_response({"token": "a.native.token"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        _require_token(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.streams.append(queue)
        await response.write(b'id: 0\nevent: serverStart\ndata: {"version":"0.64.0"}\n\n')
        for number in itertools.count(1):
            name, data = await queue.get()
            if name == "end":
                break
            await response.write(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
        return response

    async def _native_songs(self, request: web.Request) -> web.Response:
        _require_token(request)
        key = {"createdAt": "_seen_at", "updatedAt": "_written_at"}[request.query["_sort"]]
        rows = sorted(self.songs.values(), key=lambda song: song[key], reverse=True)
        page = rows[int(request.query["_start"]) : int(request.query["_end"])]
        told = [
            {"id": song["id"], "createdAt": song["_seen_at"], "updatedAt": song["_written_at"]}
            for song in page
        ]
        return web.json_response(told)

    async def _native_players(self, request: web.Request) -> web.Response:
        _require_token(request)
        return web.json_response(self.players)

    async def _native_player(self, request: web.Request) -> web.Response:
        _require_token(request)
        self.players = [await request.json()]
        return web.json_response(self.players[0])


class _RefusedError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@asynccontextmanager
async def serving(fake: FakeSubsonic) -> AsyncIterator[Callable[[], Any]]:
    """The fake on a free port of this machine; what is given stops it."""
    runner = web.AppRunner(fake.application(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}"
    try:
        yield runner.cleanup
    finally:
        await runner.cleanup()


def shown(world: World, **options: Any) -> FakeSubsonic:
    """A fake that shows a world."""
    fake = FakeSubsonic(folders={"Music": world.root}, **options)
    fake.scan()
    return fake


def _read(file: Path, root: Path, *, folder: int) -> dict[str, Any]:
    tags: Any = mutagen.File(file)
    one = {key: tags[key][0] for key in ("artist", "album", "title", "tracknumber", "discnumber", "date")}
    facts = file.stat()
    album = hashlib.md5(f"{one['artist']}{one['album']}{folder}".encode()).hexdigest()[:22]
    written = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat()
    return {
        "isDir": False, "title": one["title"], "artist": one["artist"],
        "artistId": one["artist"], "album": one["album"],
        "albumId": album, "parent": album, "track": int(one["tracknumber"]),
        "discNumber": int(one["discnumber"]), "year": int(one["date"]), "genre": tags["genre"][0],
        "genres": [{"name": tags["genre"][0]}], "duration": round(tags.info.length), "size": facts.st_size,
        "suffix": "flac", "contentType": "audio/flac", "created": written, "type": "music",
        "path": f"{one['artist']}/{one['album']}/{one['title']}.flac".replace("\0", ""),
        "_file": file, "_folder": folder, "_seen_at": datetime.now(UTC).isoformat(), "_written_at": written,
    }  # fmt: skip


def _headed(held: dict[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in held.items() if not key.startswith("_")}
    return {**told, "songCount": len(held["_songs"])}


def _require_token(request: web.Request) -> None:
    if request.headers.get("X-ND-Authorization") != "Bearer a.native.token":
        raise web.HTTPUnauthorized


async def _seen(request: web.Request) -> Seen:
    words = [*request.query.items()]
    if request.method == "POST":
        words += parse_qsl(await request.text(), keep_blank_values=True)
    form: dict[str, list[str]] = {}
    for name, value in words:
        form.setdefault(name, []).append(value)
    method = request.match_info["method"].removesuffix(".view")
    return Seen(verb=request.method, method=method, form=form, address=str(request.rel_url))
