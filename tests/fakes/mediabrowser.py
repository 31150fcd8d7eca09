"""What the fakes of Jellyfin and Emby share: songs of a world, users, playlists, the log, the socket."""

import asyncio
import hashlib
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import mutagen
from aiohttp import WSMsgType, web

__all__ = [
    "KEY",
    "PASSWORD",
    "USER",
    "FakeMediaBrowser",
    "Item",
    "RefusedError",
    "Seen",
    "is_since",
    "route",
    "serving",
]

Item = dict[str, Any]
KEY, USER, PASSWORD = "0123456789abcdef0123456789abcdef", "tester", "se:same& ü"
_MARK_OF_OURS = "Segue"


@dataclass(kw_only=True)
class Seen:
    """One request as it came, and the answer that it got; query names as they were written."""

    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    status: int = 0
    reply: Any = None

    def value(self, name: str, default: str = "") -> str:
        """A parameter by its name in whatever case."""
        return next((v for k, v in self.query.items() if k.lower() == name.lower()), default)

    def values(self, name: str) -> list[str]:
        return [one for one in self.value(name).split(",") if one]


class RefusedError(Exception):
    """An answer that is a status and no more."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status = status


Handler = Callable[..., Any]


def route(verb: str, pattern: str) -> Callable[[Handler], Handler]:
    """Answers paths of this form, in whatever case; `{x}` is one part."""
    expression = re.compile("/" + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern) + "/?", re.IGNORECASE)

    def register(handler: Handler) -> Handler:
        handler.__dict__.setdefault("routes", []).append((verb, expression))
        return handler

    return register


@dataclass
class FakeMediaBrowser:
    """Shows what it read at its last scan. `fault` may answer in its place, `instead` whole requests unread.

    `violations` are requests that would delete what we did not make: a test that sees one has failed.
    """

    folders: dict[str, Path]
    version: str = ""
    most: int = 10**9
    fault: Callable[[Seen], web.StreamResponse | None] = lambda seen: None
    instead: Callable[[web.Request], Awaitable[web.StreamResponse] | None] = lambda request: None
    requests: list[Seen] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    songs: dict[str, Item] = field(default_factory=dict)
    lists: dict[str, Item] = field(default_factory=dict)
    users: dict[str, Item] = field(default_factory=dict)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    log: list[Item] = field(default_factory=list)
    favourites: dict[str, set[str]] = field(default_factory=dict)
    sockets: list[tuple[str | None, web.WebSocketResponse]] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    transcoded: list[str] = field(default_factory=list)
    originals: bool = True
    url: str = ""
    clock: timedelta = timedelta(0)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1000))

    prefix: ClassVar[str] = ""
    socket_path: ClassVar[str] = "/socket"
    server_id: ClassVar[str] = "5f0c1b7e9a3d4c62b8e1f7a05d2c9b34"

    def __post_init__(self) -> None:
        self.me = self.add_user(USER, PASSWORD, administrator=True)
        self.scan()

    # The world

    def scan(self) -> None:
        """Read the folders, and tell whoever listens."""
        before, found = self.songs, dict[str, Item]()
        for library, root in self.folders.items():
            for file in sorted(root.rglob("*.flac")):
                item = self._read(file, library)
                old = before.get(item["Id"])
                same = old is not None and old["_stamp"] == item["_stamp"]
                found[item["Id"]] = old if same and old is not None else item
        self.songs = found
        for held in self.lists.values():
            held["_entries"] = [entry for entry in held["_entries"] if entry[1] in found]
        added = [id_ for id_ in found if id_ not in before]
        updated = [id_ for id_ in found if id_ in before and found[id_] is not before[id_]]
        removed = [id_ for id_ in before if id_ not in found]
        if added or updated or removed:
            self.tell_library(added, updated, removed)

    def tell_library(self, added: list[str], updated: list[str], removed: list[str]) -> None:
        """`LibraryChanged` goes to users' sessions only; albums are named as well."""
        albums = sorted({self.songs[id_]["AlbumId"] for id_ in added if id_ in self.songs})
        data = {
            "FoldersAddedTo": [], "FoldersRemovedFrom": [], "ItemsAdded": [*albums, *added],
            "ItemsRemoved": removed, "ItemsUpdated": updated, "CollectionFolders": [], "IsEmpty": False,
        }  # fmt: skip
        self.tell("LibraryChanged", data, users_only=True)

    def tell(self, kind: str, data: object, *, users_only: bool = False) -> None:
        """A message to all who listen."""
        text = json.dumps({"MessageType": kind, "MessageId": "0" * 32, "Data": data})
        for user, socket in self.sockets:
            if user is not None or not users_only:
                self._later(socket.send_str(text))

    def add_user(self, name: str, password: str, *, administrator: bool = False) -> str:
        id_ = hashlib.md5(f"user {name}".encode()).hexdigest()
        self.users[id_] = {"Id": id_, "Name": name, "_password": password, "_admin": administrator}
        return id_

    def add_list(
        self, name: str, songs: list[str], *, owner: str, public: bool = False, tags: tuple[str, ...] = ()
    ) -> str:
        """A playlist as a person makes it."""
        id_ = self.new_id(f"playlist {name} {next(self._numbers)}")
        self.lists[id_] = {
            "Id": id_, "Name": name, "Type": "Playlist", "MediaType": "Audio", "ServerId": self.server_id,
            "DateCreated": self.moment(self.now()), "IsFolder": True, "_owner": owner, "_public": public,
            "_tags": list(tags), "_overview": None,
            "_entries": [(self.entry_id(song), song) for song in songs],
        }  # fmt: skip
        return id_

    def play(self, user: str, song: str, *, at: datetime, seconds: float | None) -> None:
        """What the log keeps of somebody listening."""
        self._log("start", user, song, at)
        if seconds is not None:
            self._log("stop", user, song, at + timedelta(seconds=seconds))

    def content(self, id_: str) -> list[str]:
        """The songs of a playlist."""
        return [song for _, song in self.lists[id_]["_entries"]]

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock

    # What differs

    def new_id(self, words: str) -> str:
        raise NotImplementedError

    def entry_id(self, song: str) -> str:
        raise NotImplementedError

    def log_type(self, what: str) -> str:
        raise NotImplementedError

    def who(self, seen: Seen) -> str | None:
        """The user that a request is made by, None for the key; 401 for nobody."""
        raise NotImplementedError

    @staticmethod
    def moment(at: datetime) -> str:
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")

    # Answers that are the same for both

    def user_dto(self, user: Item) -> Item:
        policy = {
            "IsAdministrator": user["_admin"], "IsDisabled": False, "EnableAllFolders": True,
            "AuthenticationProviderId": "Default", "PasswordResetProviderId": "Default",
        }  # fmt: skip
        return {
            "Id": user["Id"], "Name": user["Name"], "ServerId": self.server_id, "HasPassword": True,
            "Policy": policy,
        }  # fmt: skip

    def render(self, item: Item, seen: Seen, user: str | None, *, full: bool = False) -> Item:
        """An item with the fields that were asked for."""
        wanted = {name.strip().lower() for name in seen.values("fields")}
        told = {key: value for key, value in item.items() if key[0] != "_"}
        for name, value in self.optional(item).items():
            if full or name.lower() in wanted:
                told[name] = value
        if user is not None and seen.value("enableUserData") != "false" and item["Type"] == "Audio":
            told["UserData"] = self.user_data(item, user)
        return told

    def optional(self, item: Item) -> Item:
        """Fields that must be asked for."""
        if item["Type"] == "Playlist":
            described = {} if item["_overview"] is None else {"Overview": item["_overview"]}
            return described | {
                "Tags": item["_tags"], "Etag": _md5(str(item["_entries"])),
                "ChildCount": len(item["_entries"]), "DateCreated": item["DateCreated"],
            }  # fmt: skip
        names = ("Path", "ProviderIds", "MediaSources", "Genres", "DateCreated", "Etag", "Tags")
        return {name: item["_more"][name] for name in names if name in item["_more"]}

    def user_data(self, item: Item, user: str) -> Item:
        played = [one for one in self.log if one["UserId"] == user and one["ItemId"] == item["Id"]]
        data = {
            "PlayCount": sum(one["Type"] == self.log_type("start") for one in played),
            "IsFavorite": item["Id"] in self.favourites.get(user, ()), "Played": bool(played),
            "PlaybackPositionTicks": 0, "Key": item["Id"], "ItemId": item["Id"],
        }  # fmt: skip
        return data | ({"LastPlayedDate": played[-1]["Date"]} if played else {})

    def found(self, seen: Seen, user: str | None) -> list[Item]:
        """What the filters of a listing leave."""
        rows = [*self.songs.values(), *self._visible_lists(user)]
        if types := seen.values("includeItemTypes"):
            rows = [row for row in rows if row["Type"] in types]
        if "ids" in {name.lower() for name in seen.query}:
            rows += self._artists().values()
            rows = [row for row in rows if row["Id"] in seen.values("ids")]
        if parent := seen.value("parentId"):
            rows = [row for row in rows if row.get("_library") == self.library_name(parent)]
        since = seen.value("minDateLastSaved") or seen.value("minDateLastSavedForUser")
        if since:
            moment = datetime.fromisoformat(since)
            rows = [row for row in rows if row.get("_saved", self.now()) >= moment]
        if seen.value("isFavorite") == "true":
            rows = [row for row in rows if row["Id"] in self.favourites.get(user or "", ())]
        rows.sort(key=lambda row: (row.get("_sort", ""), row["Id"]))
        return rows

    def _artists(self) -> dict[str, Item]:
        named = [artist for song in self.songs.values() for artist in song["ArtistItems"]]
        return {one["Id"]: {**one, "Type": "MusicArtist", "_more": {}} for one in named}

    def page(self, rows: list[Item], seen: Seen) -> list[Item]:
        begin, count = int(seen.value("startIndex") or 0), int(seen.value("limit") or 10**9)
        return rows[begin : begin + min(count, self.most)]

    def library_id(self, name: str) -> str:
        return self.new_id(f"library {name}")

    def library_name(self, id_: str) -> str | None:
        return next((name for name in self.folders if self.library_id(name) == id_), None)

    def song(self, id_: str) -> Item:
        if id_ not in self.songs:
            raise RefusedError(404)
        return self.songs[id_]

    def playlist(self, id_: str) -> Item:
        if id_ not in self.lists:
            raise RefusedError(404)
        return self.lists[id_]

    def acting(self, seen: Seen) -> str | None:
        """The user whom a request speaks for: the one it names, else the one it is made by."""
        caller, named = self.who(seen), seen.value("userId").replace("-", "")
        if named and named not in self.users:
            raise RefusedError(404)
        if caller is not None and named and named != caller and not self.users[caller]["_admin"]:
            raise RefusedError(403)
        return named or caller

    def administrators_only(self, seen: Seen) -> None:
        caller = self.who(seen)
        if caller is not None and not self.users[caller]["_admin"]:
            raise RefusedError(403)

    def may_delete(self, seen: Seen, id_: str) -> Item:
        """A playlist that was made through this API; all else is a violation."""
        if id_ in self.lists and id_ in self.made:
            return self.lists[id_]
        self.violations.append(f"{seen.verb} {seen.path}")
        raise RefusedError(404 if id_ not in self.songs else 401)

    def _visible_lists(self, user: str | None) -> list[Item]:
        return [one for one in self.lists.values() if user is None or one["_public"] or one["_owner"] == user]

    def _log(self, what: str, user: str, song: str, at: datetime) -> None:
        self.log.append({
            "Id": next(self._numbers), "Name": "listening", "Type": self.log_type(what), "ItemId": song,
            "UserId": user, "Date": self.moment(at),
        })  # fmt: skip

    def _read(self, file: Path, library: str) -> Item:
        tags: Any = mutagen.File(file)
        one = {key: tags[key][0] for key in ("artist", "album", "title", "tracknumber", "discnumber", "date")}
        facts = file.stat()
        id_ = self.new_id(str(file))
        length = round(tags.info.length * 10_000_000)
        source = {
            "Id": id_, "Protocol": "File", "Path": str(file), "Container": "flac", "Size": facts.st_size,
            "RunTimeTicks": length, "Bitrate": tags.info.bitrate, "MediaStreams": [],
        }  # fmt: skip
        written = datetime.fromtimestamp(facts.st_mtime, UTC)
        more = {
            "Path": str(file), "ProviderIds": {"MusicBrainzTrack": _md5(str(file))}, "MediaSources": [source],
            "Genres": [tags["genre"][0]], "DateCreated": self.moment(written),
            "Etag": _md5(f"{file}{next(self._numbers)}"), "Tags": [],
        }  # fmt: skip
        artist = {"Name": one["artist"], "Id": self.new_id(f"artist {one['artist']}")}
        return {
            "Id": id_, "Name": one["title"], "ServerId": self.server_id, "Type": "Audio",
            "MediaType": "Audio", "IsFolder": False, "Album": one["album"],
            "AlbumId": self.new_id(f"album {one['album']}"), "AlbumArtist": one["artist"],
            "AlbumArtists": [artist], "Artists": [one["artist"]], "ArtistItems": [artist],
            "IndexNumber": int(one["tracknumber"]), "ParentIndexNumber": int(one["discnumber"]),
            "ProductionYear": int(one["date"]), "RunTimeTicks": length, "Container": "flac",
            "_file": file, "_library": library, "_more": more, "_saved": self.now(), "_sort": str(file),
            "_stamp": (facts.st_mtime_ns, facts.st_size, one, tags["genre"]),
        }  # fmt: skip

    # HTTP

    def application(self) -> web.Application:
        application = web.Application(client_max_size=30 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    def routes(self) -> list[tuple[str, "re.Pattern[str]", Handler]]:
        found = []
        for name in dir(type(self)):
            handler = getattr(type(self), name)
            for verb, expression in getattr(handler, "__dict__", {}).get("routes", ()):
                found.append((verb, expression, handler))
        return sorted(found, key=lambda one: one[1].pattern.count("(?P"))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if (other := self.instead(request)) is not None:
            return await other
        path = request.path
        if self.prefix and path.lower().startswith(f"{self.prefix}/"):
            path = path[len(self.prefix) :]
        text = await request.text() if request.can_read_body else ""
        seen = Seen(
            verb=request.method,
            path=path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=json.loads(text) if text else None,
        )
        self.requests.append(seen)
        if (broken := self.fault(seen)) is not None:
            return broken
        if seen.verb == "DELETE" and not re.fullmatch(r"/(Items/[^/]+|Playlists/[^/]+/Items)", path, re.I):
            self.violations.append(f"DELETE {path}")
        if seen.verb == "POST" and path.lower().endswith("/delete"):
            self.violations.append(f"POST {path}")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request, seen)
        return await self._routed(seen)

    async def _routed(self, seen: Seen) -> web.StreamResponse:
        for verb, expression, handler in self.routes():
            match = expression.fullmatch(seen.path)
            if verb != seen.verb or match is None:
                continue
            try:
                answer = handler(
                    self, seen, **{key: _plain(value) for key, value in match.groupdict().items()}
                )
            except RefusedError as error:
                seen.status = error.status
                return web.Response(status=error.status)
            if isinstance(answer, web.StreamResponse):
                seen.status = answer.status
                return answer
            if isinstance(answer, Path):
                seen.status = 200
                return web.FileResponse(answer)
            seen.reply, seen.status = answer, self.no_content if answer is None else 200
            if answer is None:
                return web.Response(status=self.no_content)
            return web.json_response(answer, headers={"Date": format_datetime(self.now(), usegmt=True)})
        seen.status = 404
        return web.Response(status=404)

    no_content: ClassVar[int] = 204

    async def greet(self, socket: web.WebSocketResponse) -> None:
        """What the server says first."""

    async def heard(self, socket: web.WebSocketResponse, kind: str) -> None:
        """What the server answers."""

    keeps_alive_seconds: float | None = None

    async def _websocket(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        try:
            user = self.who(seen)
        except RefusedError as error:
            return web.Response(status=error.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await self.greet(socket)
        entry = user, socket
        self.sockets.append(entry)
        try:
            while True:
                async with asyncio.timeout(self.keeps_alive_seconds):
                    message = await socket.receive()
                if message.type is not WSMsgType.TEXT:
                    break
                await self.heard(socket, json.loads(message.data)["MessageType"])
        except TimeoutError:
            await socket.close()
        finally:
            self.sockets.remove(entry)
        return socket

    def hang_up(self) -> None:
        """End every websocket, as a server does that stops."""
        for _, socket in list(self.sockets):
            self._later(socket.close())

    def _later(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)


_TASKS: set["asyncio.Future[Any]"] = set()


@asynccontextmanager
async def serving(fake: FakeMediaBrowser) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """The fake on a free port of this machine; what is given stops it. Fails on any violation."""
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
    assert fake.violations == []


def is_since(date: str, moment: str) -> bool:
    return datetime.fromisoformat(date) >= datetime.fromisoformat(moment)


def _plain(id_: str) -> str:
    plain = id_.replace("-", "")
    return plain.lower() if re.fullmatch(r"[0-9a-fA-F]{32}", plain) else id_


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
