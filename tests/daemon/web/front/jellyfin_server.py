"""A small Jellyfin or Emby: users with rights, songs, albums, artists, lists; and any other route at all."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Item = dict[str, Any]


@dataclass
class JellyfinServer:
    """`hidden` songs are seen by `joe` only. What it does not know it answers by telling what was asked."""

    items: dict[str, Item] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=lambda: {"sesame": "joe", "open": "ann"})
    base: str = ""
    asked: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await _echo(request)
        route = request.path.removeprefix(self.base).strip("/").lower()
        self.asked[route.rpartition("/")[2]] += 1
        if request.method == "GET" and (
            route == "items" or (route.startswith("playlists/") and route.endswith("/items"))
        ):
            return self._listed(request, route)
        body = await request.read()
        told = {
            "method": request.method, "address": request.raw_path, "body": body.decode("latin-1"),
            "headers": sorted(name.lower() for name in request.headers if name.lower() in _TELLING),
        }  # fmt: skip
        return web.json_response(told, headers={"X-Own": "yes"})

    def _listed(self, request: web.Request, route: str) -> web.Response:
        words = {name.lower(): value for name, value in request.query.items()}
        user = self._user(request, words)
        if user is None:
            return web.Response(status=401)
        found = [
            dict(item, UserData={"Key": user}) for id_, item in self.items.items() if self._sees(user, id_)
        ]
        kept = [item for item in found if self._matches(item, words, route)]
        most = words.get("limit", "")
        kept = kept[: int(most) if most.isdecimal() and len(most) < 6 else 1000]
        if "fields" not in words:
            kept = [{name: value for name, value in item.items() if name != "Genres"} for item in kept]
        told: Item = {"Items": kept, "TotalRecordCount": len(kept), "StartIndex": 0}
        if "camelcase" in request.headers.get("Accept", "").lower():
            told = _camel(told)
        headers = {"Access-Control-Allow-Origin": "*", "X-Response-Time-ms": "3"}
        return web.Response(text=json.dumps(told), content_type="application/json", headers=headers)

    def _user(self, request: web.Request, words: dict[str, str]) -> str | None:
        proof = request.headers.get("Authorization", "") + request.headers.get("X-Emby-Token", "")
        proof += words.get("apikey", "") + words.get("api_key", "")
        return next((user for token, user in self.tokens.items() if token in proof), None)

    def _sees(self, user: str, item: str) -> bool:
        return user == "joe" or item not in self.hidden

    def _matches(self, item: Item, words: dict[str, str], route: str) -> bool:
        if route.startswith("playlists/"):
            return item["Id"] in self.items.get(route.split("/")[1], {}).get("songs", ())
        if "ids" in words:
            return item["Id"] in {one.replace("-", "").lower() for one in words["ids"].split(",")}
        song = item["Type"] == "Audio"
        wanted = {
            "parentid": item.get("AlbumId"), "artistids": item.get("ArtistItems", [{}])[0].get("Id"),
            "genres": item.get("Genres", [""])[0], "genreids": item.get("Genres", [""])[0].lower(),
        }  # fmt: skip
        return song and all(words[name] == value for name, value in wanted.items() if name in words)


_TELLING = ("accept", "authorization", "range", "x-emby-token", "x-odd", "content-type", "cookie")


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_json({"MessageType": "ForceKeepAlive", "Data": 60, "asked": request.raw_path})
    async for message in socket:
        await socket.send_str(f"heard {message.data}")
    return socket


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _camel(one) for name, one in value.items()}
    return [_camel(one) for one in value] if isinstance(value, list) else value
