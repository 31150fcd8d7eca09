"""A Jellyfin that shows a world, in the manner of several versions; it breaks on demand."""

import hashlib
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote_plus

from aiohttp import web

from segue.sdk.testing import World
from tests.fakes.mediabrowser import (
    KEY,
    PASSWORD,
    USER,
    FakeMediaBrowser,
    Item,
    RefusedError,
    Seen,
    is_since,
    route,
    serving,
)

__all__ = ["KEY", "PASSWORD", "USER", "FakeJellyfin", "Item", "Seen", "serving", "shown"]

_WORD = re.compile(r'(\w+)="([^"]*)"')
_AUDIO_TYPE = "MediaBrowser.Controller.Entities.Audio.Audio"
WEBHOOK = "71552a5a5c5c4350a2aeebe451a30173"


@dataclass
class FakeJellyfin(FakeMediaBrowser):
    """`version` decides what it is like; `keep_alive` is what it asks of websockets, in seconds."""

    version: str = "12.1.0"
    quick_connect: bool = True
    keep_alive: float = 60
    webhook_plugin: Item | None = None
    codes: dict[str, Item] = field(default_factory=dict)

    socket_path: ClassVar[str] = "/socket"

    @property
    def line(self) -> tuple[int, ...]:
        return tuple(int(number) for number in self.version.split("."))

    def new_id(self, words: str) -> str:
        """A song's id is made of its path."""
        return uuid.UUID(bytes_le=hashlib.md5((_AUDIO_TYPE + words).encode("utf-16-le")).digest()).hex

    def entry_id(self, song: str) -> str:
        return song

    def log_type(self, what: str) -> str:
        return {"start": "AudioPlayback", "stop": "AudioPlaybackStopped"}[what]

    # Who asks

    def words(self, seen: Seen) -> dict[str, str]:
        scheme, _, rest = seen.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "mediabrowser":
            return {}
        return {name: unquote_plus(value) for name, value in _WORD.findall(rest)}

    def who(self, seen: Seen) -> str | None:
        token = self.words(seen).get("Token") or seen.value("ApiKey")
        if token == KEY:
            return None
        if token not in self.tokens:
            raise RefusedError(401)
        return self.tokens[token][0]

    def user_of(self, seen: Seen) -> str:
        """For calls that a key cannot make: it is nobody."""
        caller = self.who(seen)
        if caller is None:
            raise RefusedError(400, "Guid can't be empty")
        return caller

    def _login(self, user: str, device: str) -> Item:
        self.tokens = {token: held for token, held in self.tokens.items() if held != (user, device)}
        token = uuid.uuid4().hex
        self.tokens[token] = user, device
        return {
            "User": self.user_dto(self.users[user]), "AccessToken": token, "ServerId": self.server_id,
        }  # fmt: skip

    # The server

    @route("GET", "System/Info/Public")
    def public_info(self, seen: Seen) -> Item:
        return {
            "LocalAddress": self.url, "ServerName": "attic", "Version": self.version,
            "ProductName": "Jellyfin Server", "Id": self.server_id, "StartupWizardCompleted": True,
        }  # fmt: skip

    @route("POST", "Users/AuthenticateByName")
    def authenticate(self, seen: Seen) -> Item:
        words = self.words(seen)
        if not {"Client", "Device", "DeviceId", "Version"} <= set(words):
            raise RefusedError(400)
        for user in self.users.values():
            if (user["Name"], user["_password"]) == (seen.body["Username"], seen.body["Pw"]):
                return self._login(user["Id"], words["DeviceId"])
        raise RefusedError(401)

    @route("POST", "QuickConnect/Initiate")
    def quick_connect_initiate(self, seen: Seen) -> Item:
        if not self.quick_connect:
            raise RefusedError(401)
        words = self.words(seen)
        code = {
            "Authenticated": False, "Secret": uuid.uuid4().hex, "Code": f"{482913 + len(self.codes)}",
            "DeviceId": words["DeviceId"], "DeviceName": words["Device"], "AppName": words["Client"],
            "AppVersion": words["Version"], "DateAdded": self.moment(self.now()),
        }  # fmt: skip
        self.codes[code["Code"]] = dict(code)
        return code

    @route("POST", "QuickConnect/Authorize")
    def quick_connect_authorize(self, seen: Seen) -> bool:
        user = self.acting(seen)
        if seen.value("code") not in self.codes:
            raise RefusedError(404)
        self.codes[seen.value("code")]["_user"] = user
        return True

    @route("POST", "Users/AuthenticateWithQuickConnect")
    def quick_connect_login(self, seen: Seen) -> Item:
        for code in self.codes.values():
            if code["Secret"] == seen.body["Secret"] and code.get("_user"):
                return self._login(code["_user"], code["DeviceId"])
        raise RefusedError(400)

    @route("POST", "Sessions/Logout")
    def logout(self, seen: Seen) -> None:
        self.tokens.pop(self.words(seen).get("Token", ""), None)

    @route("GET", "Users")
    def all_users(self, seen: Seen) -> list[Item]:
        self.who(seen)
        return [self.user_dto(user) for user in self.users.values()]

    @route("GET", "Library/VirtualFolders")
    def virtual_folders(self, seen: Seen) -> list[Item]:
        self.administrators_only(seen)
        return [
            {"Name": name, "Locations": [str(root)], "CollectionType": self._collection(name),
             "ItemId": self.library_id(name)}
            for name, root in self.folders.items()
        ]  # fmt: skip

    @route("GET", "UserViews")
    def views(self, seen: Seen) -> Item:
        self.acting(seen)
        rows = [
            {"Name": name, "Id": self.library_id(name), "CollectionType": self._collection(name),
             "ServerId": self.server_id, "IsFolder": True, "Type": "CollectionFolder"}
            for name in self.folders
        ]  # fmt: skip
        return _result(rows, len(rows))

    def _collection(self, name: str) -> str:
        return "movies" if name.startswith("Films") else "music"

    # Items

    @route("GET", "Items")
    def items(self, seen: Seen) -> Item:
        user = self.acting(seen)
        rows = self.found(seen, user)
        told = [self.render(row, seen, user) for row in self.page(rows, seen)]
        counted = seen.value("enableTotalRecordCount") != "false"
        return _result(told, len(rows) if counted else 0, int(seen.value("startIndex") or 0))

    @route("GET", "Items/Counts")
    def counts(self, seen: Seen) -> Item:
        self.who(seen)
        return {"SongCount": len(self.songs)}

    @route("GET", "Items/{item}")
    def item(self, seen: Seen, item: str) -> Item:
        user = self.acting(seen)
        found = self.songs.get(item) or self.lists.get(item)
        if found is None:
            raise RefusedError(404)
        return self.render(found, seen, user, full=True)

    @route("POST", "Items/{item}")
    def update_item(self, seen: Seen, item: str) -> None:
        """What is left out of it is lost."""
        self.administrators_only(seen)
        held = self.playlist(item)
        held["Name"] = seen.body["Name"]
        held["_overview"] = seen.body.get("Overview")
        held["_tags"] = seen.body.get("Tags", held["_tags"])

    @route("DELETE", "Items/{item}")
    def delete_item(self, seen: Seen, item: str) -> None:
        self.who(seen)
        del self.lists[self.may_delete(seen, item)["Id"]]

    @route("GET", "Items/{item}/File")
    def file(self, seen: Seen, item: str) -> Path:
        self.who(seen)
        if not self.originals:
            raise RefusedError(404)
        return self._file(item)

    @route("GET", "Audio/{item}/stream.flac")
    def transcode(self, seen: Seen, item: str) -> Path:
        self.transcoded.append(seen.value("playSessionId"))
        return self._file(item)

    def _file(self, item: str) -> Path:
        file: Path = self.song(item)["_file"]
        if not file.exists():
            raise RefusedError(404)
        return file

    @route("GET", "Items/{item}/InstantMix")
    @route("GET", "Songs/{item}/InstantMix")
    @route("GET", "Albums/{item}/InstantMix")
    @route("GET", "Artists/{item}/InstantMix")
    @route("GET", "Playlists/{item}/InstantMix")
    @route("GET", "MusicGenres/{item}/InstantMix")
    @route("GET", "MusicGenres/InstantMix")
    @route("GET", "Artists/InstantMix")
    def instant_mix(self, seen: Seen, item: str = "") -> Item:
        user = self.acting(seen)
        rows = [self.songs[item]] if item in self.songs else []
        rows += [row for row in self.songs.values() if row not in rows]
        told = [self.render(row, seen, user) for row in rows[: int(seen.value("limit") or 200)]]
        return _result(told, len(rows))

    @route("GET", "Items/{item}/Similar")
    @route("GET", "Albums/{item}/Similar")
    @route("GET", "Artists/{item}/Similar")
    def similar(self, seen: Seen, item: str) -> Item:
        user = self.acting(seen)
        rows = [row for row in self.songs.values() if row["Id"] != item]
        told = [self.render(row, seen, user) for row in rows[: int(seen.value("limit") or 50)]]
        return _result(told, len(told))

    # Playlists

    @route("POST", "Playlists")
    def create_playlist(self, seen: Seen) -> Item:
        caller = self.who(seen)
        owner = _plain(seen.body.get("UserId") or caller or "")
        if owner not in self.users:
            raise RefusedError(400)
        id_ = self.add_list(seen.body["Name"], [], owner=owner, public=seen.body.get("IsPublic", True))
        self.made.add(id_)
        self._put(self.lists[id_], _ids(seen.body.get("Ids", [])))
        return {"Id": id_}

    @route("GET", "Playlists/{item}")
    def sharing(self, seen: Seen, item: str) -> Item:
        self._owned(seen, item)
        return {"OpenAccess": self.lists[item]["_public"], "Shares": [], "ItemIds": self.content(item)}

    @route("POST", "Playlists/{item}")
    def update_playlist(self, seen: Seen, item: str) -> None:
        held = self._owned(seen, item)
        held["Name"] = seen.body.get("Name") or held["Name"]
        held["_public"] = seen.body.get("IsPublic", held["_public"])
        if "Ids" in seen.body:
            held["_entries"] = []
            self._put(held, _ids(seen.body["Ids"]))

    @route("GET", "Playlists/{item}/Items")
    def playlist_items(self, seen: Seen, item: str) -> Item:
        user = self.acting(seen)
        held = self.playlist(item)
        if user is None or not (held["_public"] or held["_owner"] == user):
            raise RefusedError(403)
        rows = [
            self.render(self.songs[song], seen, user) | {"PlaylistItemId": entry}
            for entry, song in held["_entries"]
        ]
        return _result(self.page(rows, seen), len(rows))

    @route("POST", "Playlists/{item}/Items")
    def add_to_playlist(self, seen: Seen, item: str) -> None:
        held = self.playlist(item)
        if self.acting(seen) != held["_owner"]:
            raise RefusedError(403)
        self._put(held, _ids(seen.values("ids")))

    @route("DELETE", "Playlists/{item}/Items")
    def take_from_playlist(self, seen: Seen, item: str) -> None:
        caller = self.who(seen)
        if caller is None and self.line < (10, 11):
            raise RefusedError(400, "Guid can't be empty")
        held = self.may_delete(seen, item)
        if caller not in (None, held["_owner"]):
            raise RefusedError(403)
        gone = set(_ids(seen.values("entryIds")))
        held["_entries"] = [entry for entry in held["_entries"] if entry[0] not in gone]

    def _owned(self, seen: Seen, item: str) -> Item:
        caller = self.user_of(seen)
        held = self.playlist(item)
        if held["_owner"] != caller:
            raise RefusedError(403)
        return held

    def _put(self, held: Item, songs: list[str]) -> None:
        """12 keeps repeats, older ones drop them; what is not there is left out."""
        for song in songs:
            there = any(known == song for _, known in held["_entries"])
            if song in self.songs and not (there and self.line < (12,)):
                held["_entries"].append((self.entry_id(song), song))

    # What administrators see

    @route("GET", "System/ActivityLog/Entries")
    def activities(self, seen: Seen) -> Item:
        self.administrators_only(seen)
        rows = sorted(self.log, key=lambda one: one["Date"], reverse=True)
        if since := seen.value("minDate"):
            rows = [row for row in rows if is_since(row["Date"], since)]
        return _result(self.page(rows, seen), len(rows))

    # Plugins

    @route("GET", "Plugins")
    def plugins(self, seen: Seen) -> list[Item]:
        self.administrators_only(seen)
        if self.webhook_plugin is None:
            return []
        told = {"Name": "Webhook", "Version": "21.0.0.0", "Id": WEBHOOK, "CanUninstall": True}
        return [told | {"HasImage": True, "Description": "", "Status": self.webhook_plugin["Status"]}]

    @route("POST", "Packages/Installed/Webhook")
    def install(self, seen: Seen) -> None:
        self.administrators_only(seen)
        self.webhook_plugin = {"Status": "Restart", "_kept": {"ServerUrl": "", "GenericOptions": []}}

    @route("GET", f"Plugins/{WEBHOOK}/Configuration")
    def plugin_settings(self, seen: Seen) -> Item:
        self.administrators_only(seen)
        assert self.webhook_plugin is not None
        kept: Item = self.webhook_plugin["_kept"]
        return kept

    @route("POST", f"Plugins/{WEBHOOK}/Configuration")
    def set_plugin(self, seen: Seen) -> None:
        self.administrators_only(seen)
        assert self.webhook_plugin is not None
        self.webhook_plugin["_kept"] = seen.body

    # The websocket

    async def greet(self, socket: web.WebSocketResponse) -> None:
        self.keeps_alive_seconds = self.keep_alive
        await socket.send_json({"MessageType": "ForceKeepAlive", "Data": self.keep_alive, "MessageId": "1"})

    async def heard(self, socket: web.WebSocketResponse, kind: str) -> None:
        if kind == "KeepAlive":
            await socket.send_json({"MessageType": "KeepAlive", "MessageId": "2"})


def shown(world: World, **options: Any) -> FakeJellyfin:
    """A fake that shows a world as its only library."""
    return FakeJellyfin(folders={"Music": world.root}, **options)


def _result(rows: list[Item], count: int, start: int = 0) -> Item:
    return {"Items": rows, "TotalRecordCount": count, "StartIndex": start}


def _ids(values: list[str]) -> list[str]:
    """Text that is no GUID cannot be read at all."""
    plain = [_plain(value) for value in values]
    if any(not re.fullmatch(r"[0-9a-f]{32}", value) for value in plain):
        raise RefusedError(400)
    return plain


def _plain(id_: str) -> str:
    return id_.replace("-", "").lower()
