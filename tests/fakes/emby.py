"""An Emby that shows a world; it breaks on demand."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

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

__all__ = ["KEY", "PASSWORD", "USER", "FakeEmby", "Item", "Seen", "serving", "shown"]


@dataclass
class FakeEmby(FakeMediaBrowser):
    """Items have numbers for ids, which are never used again; entries of playlists have their own."""

    version: str = "4.9.1.90"
    tells_library: bool = True
    keeps_tags: bool = True
    ids: dict[str, str] = field(default_factory=dict)

    prefix: ClassVar[str] = "/emby"
    socket_path: ClassVar[str] = "/embywebsocket"
    no_content: ClassVar[int] = 200

    def new_id(self, words: str) -> str:
        return self.ids.setdefault(words, str(568 + len(self.ids)))

    def entry_id(self, song: str) -> str:
        return str(next(self._numbers))

    def log_type(self, what: str) -> str:
        return f"playback.{what}"

    def who(self, seen: Seen) -> str | None:
        token = seen.headers.get("x-emby-token") or seen.value("api_key")
        if token == KEY:
            return None
        if token not in self.tokens:
            raise RefusedError(401)
        return self.tokens[token][0]

    def optional(self, item: Item) -> Item:
        told = super().optional(item)
        if item["Type"] == "Playlist":
            told["TagItems"] = [{"Name": name, "Id": 601} for name in item["_tags"]]
        if item["Type"] == "Audio":
            source = item["_more"]["MediaSources"][0]
            told |= {"Size": source["Size"], "DateModified": item["_more"]["DateCreated"]}
        return told

    # The server

    @route("GET", "System/Info/Public")
    def public_info(self, seen: Seen) -> Item:
        return {
            "LocalAddress": self.url, "LocalAddresses": [], "RemoteAddresses": [], "ServerName": "attic",
            "Version": self.version, "Id": self.server_id,
        }  # fmt: skip

    @route("POST", "Users/AuthenticateByName")
    def authenticate(self, seen: Seen) -> Item:
        if 'DeviceId="' not in seen.headers.get("x-emby-authorization", ""):
            raise RefusedError(400)
        device = seen.headers["x-emby-authorization"].partition('DeviceId="')[2].partition('"')[0]
        for user in self.users.values():
            if (user["Name"], user["_password"]) == (seen.body["Username"], seen.body["Pw"]):
                token = uuid.uuid4().hex
                self.tokens[token] = user["Id"], device
                return {
                    "User": self.user_dto(user), "AccessToken": token, "ServerId": self.server_id,
                }  # fmt: skip
        raise RefusedError(401)

    def user_dto(self, user: Item) -> Item:
        told = super().user_dto(user)
        policy = {key: value for key, value in told["Policy"].items() if key != "PasswordResetProviderId"}
        return {**told, "Policy": policy}

    @route("POST", "Sessions/Logout")
    def logout(self, seen: Seen) -> None:
        self.tokens.pop(seen.headers.get("x-emby-token", ""), None)

    @route("GET", "Users/Query")
    def all_users(self, seen: Seen) -> Item:
        self.administrators_only(seen)
        return _result([self.user_dto(user) for user in self.users.values()])

    @route("GET", "Library/VirtualFolders/Query")
    def virtual_folders(self, seen: Seen) -> Item:
        self.administrators_only(seen)
        return _result([
            {"Name": name, "Locations": [str(root)], "CollectionType": self._collection(name),
             "ItemId": self.library_id(name), "Id": self.library_id(name)}
            for name, root in self.folders.items()
        ])  # fmt: skip

    @route("GET", "Users/{user}/Views")
    def views(self, seen: Seen, user: str) -> Item:
        self.who(seen)
        return _result([
            {"Name": name, "Id": self.library_id(name), "CollectionType": self._collection(name),
             "ServerId": self.server_id, "IsFolder": True, "Type": "CollectionFolder"}
            for name in self.folders
        ])  # fmt: skip

    def _collection(self, name: str) -> str:
        return "audiobooks" if name.startswith("Books") else "music"

    # Items

    @route("GET", "Items")
    def items(self, seen: Seen) -> Item:
        user = self.acting(seen)
        rows = self.found(seen, user)
        return _result([self.render(row, seen, user) for row in self.page(rows, seen)], len(rows))

    @route("GET", "Items/Counts")
    def counts(self, seen: Seen) -> Item:
        self.who(seen)
        return {"SongCount": len(self.songs)}

    @route("GET", "Users/{user}/Items/{item}")
    def item(self, seen: Seen, user: str, item: str) -> Item:
        self.who(seen)
        found = self.songs.get(item) or self.lists.get(item)
        if found is None:
            raise RefusedError(404)
        return self.render(found, seen, user, full=True)

    @route("POST", "Items/{item}")
    def update_item(self, seen: Seen, item: str) -> None:
        self.administrators_only(seen)
        held = self.playlist(item)
        held["Name"], held["_overview"] = seen.body["Name"], seen.body.get("Overview")
        if self.keeps_tags:
            held["_tags"] = [tag["Name"] for tag in seen.body.get("TagItems", [])]

    @route("DELETE", "Items/{item}")
    def delete_item(self, seen: Seen, item: str) -> None:
        self.who(seen)
        del self.lists[self.may_delete(seen, item)["Id"]]

    @route("GET", "Items/{item}/File")
    @route("GET", "Items/{item}/Download")
    def file(self, seen: Seen, item: str) -> Path:
        self.who(seen)
        if not self.originals:
            raise RefusedError(403)
        return self._file(item)

    @route("GET", "Audio/{item}/stream.flac")
    def transcode(self, seen: Seen, item: str) -> Path:
        self.transcoded.append(seen.value("PlaySessionId"))
        return self._file(item)

    def _file(self, item: str) -> Path:
        file: Path = self.song(item)["_file"]
        if not file.exists():
            raise RefusedError(404)
        return file

    @route("GET", "Items/{item}/InstantMix")
    @route("GET", "Songs/{item}/InstantMix")
    @route("GET", "Albums/{item}/InstantMix")
    @route("GET", "Playlists/{item}/InstantMix")
    @route("GET", "MusicGenres/{item}/InstantMix")
    @route("GET", "MusicGenres/InstantMix")
    @route("GET", "Artists/InstantMix")
    def instant_mix(self, seen: Seen, item: str = "") -> Item:
        user = self.acting(seen)
        rows = [self.songs[item]] if item in self.songs else []
        rows += [row for row in self.songs.values() if row not in rows]
        return _result([self.render(row, seen, user) for row in rows[: int(seen.value("limit") or 200)]])

    @route("GET", "Items/{item}/Similar")
    @route("GET", "Albums/{item}/Similar")
    @route("GET", "Artists/{item}/Similar")
    def similar(self, seen: Seen, item: str) -> Item:
        user = self.acting(seen)
        rows = [row for row in self.songs.values() if row["Id"] != item]
        return _result([self.render(row, seen, user) for row in rows[: int(seen.value("limit") or 50)]])

    # Playlists

    @route("POST", "Playlists")
    def create_playlist(self, seen: Seen) -> Item:
        owner = self.acting(seen)
        if owner is None or not seen.value("Name"):
            raise RefusedError(400)
        id_ = self.add_list(seen.value("Name"), [], owner=owner)
        self.made.add(id_)
        self._put(self.lists[id_], seen.values("Ids"))
        return {"Id": id_, "Name": seen.value("Name"), "ItemAddedCount": len(self.content(id_))}

    @route("GET", "Playlists/{item}/Items")
    def playlist_items(self, seen: Seen, item: str) -> Item:
        user = self.acting(seen)
        held = self.playlist(item)
        if not (user is None or held["_public"] or held["_owner"] == user):
            raise RefusedError(403)
        rows = [
            self.render(self.songs[song], seen, user) | {"PlaylistItemId": entry}
            for entry, song in held["_entries"]
        ]
        return _result(self.page(rows, seen), len(rows))

    @route("POST", "Playlists/{item}/Items")
    def add_to_playlist(self, seen: Seen, item: str) -> Item:
        held = self.playlist(item)
        if self.acting(seen) != held["_owner"]:
            raise RefusedError(403)
        return {"Id": item, "ItemAddedCount": self._put(held, seen.values("Ids"))}

    @route("DELETE", "Playlists/{item}/Items")
    def take_from_playlist(self, seen: Seen, item: str) -> None:
        self.who(seen)
        held = self.may_delete(seen, item)
        gone = set(seen.values("EntryIds"))
        held["_entries"] = [entry for entry in held["_entries"] if entry[0] not in gone]

    @route("POST", "Items/{item}/MakePublic")
    def make_public(self, seen: Seen, item: str) -> None:
        self.who(seen)
        self.playlist(item)["_public"] = True

    @route("POST", "Items/{item}/MakePrivate")
    def make_private(self, seen: Seen, item: str) -> None:
        self.who(seen)
        self.playlist(item)["_public"] = False

    def _put(self, held: Item, songs: list[str]) -> int:
        known = [song for song in songs if song in self.songs]
        held["_entries"] += [(self.entry_id(song), song) for song in known]
        return len(known)

    # What administrators see

    @route("GET", "System/ActivityLog/Entries")
    def activities(self, seen: Seen) -> Item:
        self.administrators_only(seen)
        rows = sorted(self.log, key=lambda one: one["Date"], reverse=True)
        if since := seen.value("MinDate"):
            rows = [row for row in rows if is_since(row["Date"], since)]
        return _result(self.page(rows, seen), len(rows))

    def tell(self, kind: str, data: object, *, users_only: bool = False) -> None:
        if self.tells_library or kind != "LibraryChanged":
            super().tell(kind, data, users_only=users_only)


def shown(world: World, **options: Any) -> FakeEmby:
    """A fake that shows a world as its only library."""
    return FakeEmby(folders={"Music": world.root}, **options)


def _result(rows: list[Item], count: int | None = None) -> Item:
    return {"Items": rows, "TotalRecordCount": len(rows) if count is None else count}
