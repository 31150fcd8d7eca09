"""Requests made up from a published description, and what is told of their answers."""

import json
import random
from collections.abc import Iterator
from typing import Any

import aiohttp
from yarl import URL

__all__ = ["answer_of", "made_up"]

_WORDS = (
    "", "0", "1", "true", "a%20b", "x%2Fy", "%E5%A4%9C", "%25", "a+b", "..%2f", "a,b,c", "%22", "~", "-1",
    "2024-11-22T10%3A00%3A00Z", "7b71af09a1f24a5c8f6c0b9a3d1e2f40", "7B71AF09-A1F2-4A5C-8F6C-0B9A3D1E2F40",
)  # fmt: skip
_METHODS = ("get", "head", "post", "put", "delete", "options", "patch")
_HEADERS = (
    {}, {"Authorization": 'MediaBrowser Token="sesame"'}, {"X-Emby-Token": "open", "Range": "bytes=0-99"},
    {"Accept": 'application/json; profile="CamelCase"', "X-Odd": "1"}, {"Cookie": "a=b"},
)  # fmt: skip


async def answer_of(
    client: aiohttp.ClientSession, where: URL, method: str, address: str, options: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    async with client.request(method, URL(f"{where}{address}", encoded=True), **options) as reply:
        kept = {name: value for name, value in reply.headers.items() if name != "Date"}
        return reply.status, kept, await reply.read()


def made_up(routes: dict[str, Any], base: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """For each operation one request with all its parameters made up, in some case of letters."""
    chance = random.Random(7)
    for route, operations in sorted(routes.items()):
        for method in _METHODS:
            if method not in operations:
                continue
            given = [*operations.get("parameters", ()), *operations[method].get("parameters", ())]
            path, query = route, []
            for parameter in given:
                word = chance.choice(_WORDS)
                if parameter.get("in") == "path":
                    path = path.replace("{" + parameter["name"] + "}", word or "1")
                elif parameter.get("in") == "query" and chance.random() < 0.5:
                    query.append(f"{parameter['name']}={word}")
            path = chance.choice((path, path, path.lower()))
            options: dict[str, Any] = {"headers": chance.choice(_HEADERS), "allow_redirects": False}
            if "requestBody" in operations[method]:
                options["data"] = json.dumps({"Name": chance.choice(_WORDS), "Ids": [1, "ü"]}).encode()
            yield method.upper(), base + path + (f"?{'&'.join(query)}" if query else ""), options
