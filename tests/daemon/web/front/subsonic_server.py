"""A small Subsonic server: users with rights, songs, albums, artists, playlists; XML and JSON."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import quoteattr

from aiohttp import web

Item = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
_FORM = "application/x-www-form-urlencoded"
NOT_FOUND = (70, "There is no such item.")


@dataclass
class SubsonicServer:
    """`hidden` songs are seen by `joe` only; `native` methods are answered by the server itself.

    What stands in `instead` is answered so, whoever asks.
    """

    songs: dict[str, Item] = field(default_factory=dict)
    albums: dict[str, Item] = field(default_factory=dict)
    artists: dict[str, Item] = field(default_factory=dict)
    playlists: dict[str, Item] = field(default_factory=dict)
    infos: dict[str, Item] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    native: set[str] = field(default_factory=set)
    passwords: dict[str, str] = field(default_factory=lambda: {"joe": "sesame", "ann": "open"})
    instead: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rpartition("/")[2].removesuffix(".view")
        self.asked[method] += 1
        return await (self.instead[method](request) if method in self.instead else self.tell(method, request))

    async def tell(self, method: str, request: web.Request) -> web.StreamResponse:
        """What it answers by itself."""
        form = (await request.read()).decode() if request.content_type == _FORM else ""
        words = dict(request.query) | dict(parse_qsl(form, keep_blank_values=True))
        if method == "stream":
            return web.Response(body=b"audio", headers={"Accept-Ranges": "bytes"})
        if method == "getOpenSubsonicExtensions" and method in self.native:
            return _told(words, {"openSubsonicExtensions": [{"name": "formPost", "versions": [1]}]})
        user = self._user(words)
        if user is None:
            return _told(words, error=(40, "Wrong username or password."))
        if method in self.native:
            return _told(words, {"similarSongs": {"song": [{"id": "native", "title": "The server's own"}]}})
        answer = getattr(self, f"_{method}", None)
        if answer is None:
            return _told(words, error=(0, "Unknown method"), status=404)
        found = answer(words.get("id", ""), user)
        return _told(words, error=NOT_FOUND) if found is None else _told(words, found)

    def _user(self, words: dict[str, str]) -> str | None:
        user, password = words.get("u", ""), self.passwords.get(words.get("u", ""))
        if password is None:
            return None
        token = md5((password + words.get("s", "")).encode(), usedforsecurity=False).hexdigest()
        return user if words.get("p") == password or words.get("t") == token else None

    def _ping(self, _item: str, _user: str) -> Item:
        return {}

    def _getSong(self, item: str, user: str) -> Item | None:  # noqa: N802
        if item not in self.songs or (item in self.hidden and user != "joe"):
            return None
        return {"song": {**self.songs[item], "starredBy": user}}

    def _getAlbum(self, item: str, user: str) -> Item | None:  # noqa: N802
        return {"album": self.albums[item]} if item in self.albums else None

    def _getArtist(self, item: str, user: str) -> Item | None:  # noqa: N802
        return {"artist": self.artists[item]} if item in self.artists else None

    def _getArtistInfo2(self, item: str, user: str) -> Item | None:  # noqa: N802
        return {"artistInfo2": self.infos[item]} if item in self.infos else None

    def _getPlaylist(self, item: str, user: str) -> Item | None:  # noqa: N802
        return {"playlist": self.playlists[item]} if item in self.playlists else None


def _told(
    words: dict[str, str],
    content: Item | None = None,
    *,
    error: tuple[int, str] | None = None,
    status: int = 200,
) -> web.Response:
    head = {"status": "ok", "version": "1.16.1", "type": "little", "serverVersion": "7", "openSubsonic": True}
    content = dict(content or {})
    if error:
        head["status"] = "failed"
        content = {"error": {"code": error[0], "message": error[1]}}
    headers = {"Access-Control-Allow-Origin": "*"}
    if words.get("f") == "json":
        body = json.dumps({"subsonic-response": {**head, **content}})
        return web.Response(status=status, text=body, content_type="application/json", headers=headers)
    root = {"xmlns": "http://subsonic.org/restapi", **head}
    text = '<?xml version="1.0" encoding="UTF-8"?>' + _element("subsonic-response", {**root, **content})
    return web.Response(status=status, text=text, content_type="text/xml", headers=headers)


def _element(name: str, item: Item) -> str:
    attributes, children = "", ""
    for key, value in item.items():
        if isinstance(value, dict):
            children += _element(key, value)
        elif isinstance(value, list):
            children += "".join(
                _element(key, one) if isinstance(one, dict) else f"<{key}>{one}</{key}>" for one in value
            )
        else:
            word = str(value).lower() if isinstance(value, bool) else str(value)
            attributes += f" {key}={quoteattr(word)}"
    return f"<{name}{attributes}>{children}</{name}>"


def _child(name: str, value: Any) -> str:
    return _element(name, value) if isinstance(value, dict) else f"<{name}>{value}</{name}>"
