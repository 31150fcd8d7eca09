"""Asks the server behind the door, in the name of whoever asked us."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from segue.web.front import headers
from segue.web.front.jellyfin.asked import Asked, plain_id
from segue.web.front.proxy import Proxy, ServerAway, whole

__all__ = ["Listed", "NothingToSay", "Server", "names", "text"]

_LARGEST = 64 * 1024 * 1024
_AT_ONCE = 100  # ids of 32 letters: longer addresses are refused by servers and proxies

Item = Mapping[str, Any]


class NothingToSay(Exception):  # noqa: N818 - no fault: the server answers by itself
    """We cannot answer this caller's question better than the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Items as the server rendered them for one caller, and the document that they came in."""

    items: Sequence[Item]
    document: Mapping[str, Any] = field(repr=False)

    def with_items(self, items: Sequence[Item]) -> bytes:
        """The same document with these items instead, its names as the server wrote them."""
        totals = {"items": list(items), "totalrecordcount": len(items), "startindex": 0}
        told = {name: totals.get(name.lower(), value) for name, value in self.document.items()}
        return json.dumps(told, ensure_ascii=False).encode()


class Server:
    """The server as one caller sees it. What it answers with anything but a list makes us silent."""

    def __init__(self, request: web.Request, asked: Asked, proxy: Proxy) -> None:
        self._request = request
        self._asked = asked
        self._proxy = proxy
        self._told: CIMultiDict[str] = CIMultiDict()

    @property
    def headers(self) -> CIMultiDict[str]:
        """What the server tells this caller's browser, and the form of its lists."""
        return CIMultiDict(self._told)

    async def items(self, ids: Sequence[str]) -> Listed:
        """These items, in their order, as far as the caller may see them; looking as they were asked for."""
        chunks = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
        pages = await asyncio.gather(*(self._items_of(chunk) for chunk in chunks))
        if not pages:
            raise NothingToSay
        shown = {item_id(item): item for page in pages for item in page.items}
        items = [shown[one] for one in (plain_id(each) for each in ids) if one in shown]
        return Listed(items=items, document=pages[0].document)

    async def children(self, *words: tuple[str, str], route: str = "Items") -> list[str]:
        """The ids of songs that the server lists so."""
        songs = [("IncludeItemTypes", "Audio"), ("Recursive", "true"), ("EnableImages", "false")]
        given = [*words, *(songs if route == "Items" else ())]
        return [item_id(item) for item in (await self.list(route, given)).items]

    async def list(self, route: str, words: Sequence[tuple[str, str]]) -> Listed:
        """One list of the server's."""
        query = urlencode([*self._asked.credentials, *words])
        address = URL(f"{self._proxy.server}{self._asked.base}/{route}?{query}", encoded=True)
        status, body = await self._exchange(address)
        if status != 200:
            raise NothingToSay(f"The server answered {status}.")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise NothingToSay("The server's answer is no JSON.") from error
        items = _lowered(document).get("items") if isinstance(document, dict) else None
        if not isinstance(items, list):
            raise NothingToSay("The server's answer is no list.")
        found = [item for item in items if isinstance(item, dict) and item_id(item)]
        return Listed(items=found, document=document)

    async def _items_of(self, ids: Sequence[str]) -> Listed:
        words = [("Ids", ",".join(ids)), *self._asked.rendering]
        return await self.list("Items", words)

    async def _exchange(self, address: URL) -> tuple[int, bytes]:
        told = headers.of_our_own(self._request)
        try:
            async with self._proxy.session.get(address, headers=told, allow_redirects=False) as answer:
                body = await whole(answer, most=_LARGEST)
                kept = ((name, value) for name, value in answer.headers.items() if _is_kept(name))
                self._told = CIMultiDict(kept)
                return answer.status, body
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServerAway(type(error).__name__) from error


def _is_kept(name: str) -> bool:
    return name.lower() in ("content-type", "vary") or name.lower().startswith("access-control-")


def item_id(item: Item) -> str:
    """An item's id in the one form that we keep."""
    return plain_id(text(item, "id"))


def text(item: Item, name: str) -> str:
    """A field, whatever the case that the caller asked for; empty when it is not there."""
    value = _lowered(item).get(name)
    return str(value) if isinstance(value, str | int) else ""


def names(item: Item, name: str) -> list[Item]:
    """A list of objects in a field."""
    value = _lowered(item).get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _lowered(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in document.items()}
