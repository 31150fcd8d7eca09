"""A question for a mix, for similar items, or in AudioMuse's words; read from the address, pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

from aiohttp import web

__all__ = ["Asked", "Question", "plain_id", "read"]

_ITEM = re.compile(
    r"(?P<base>(?:/[^/]+)*?)/(?P<kind>items|songs|albums|artists|playlists|musicgenres)"
    r"(?:/(?P<item>[^/]+))?/(?P<question>instantmix|similar)/?",
    re.IGNORECASE,
)
_AUDIOMUSE = re.compile(
    r"(?P<base>(?:/[^/]+)*?)/audiomuseai/(?P<question>info|health|similar_tracks|find_path)/?", re.IGNORECASE
)
_CREDENTIALS = ("apikey", "api_key")
_CREDENTIALS_BEGIN = "x-emby-"
_RENDERED = ("userid", "fields", "enableimages", "enableuserdata", "imagetypelimit", "enableimagetypes")
_KNOWN = frozenset(
    {
        *_CREDENTIALS, *_RENDERED, "id", "limit", "startindex", "excludeartistids", "includeitemtypes",
        "enabletotalrecordcount", "recursive", "groupprogramsbyseries",
    }
)  # fmt: skip
_LONGEST_ID = 100


class Question(StrEnum):
    MIX = "instantmix"
    SIMILAR = "similar"
    INFO = "info"
    HEALTH = "health"
    TRACKS = "similar_tracks"
    PATH = "find_path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question; `base` is what stands before the route, `item` whose mix is wanted."""

    base: str
    question: Question
    kind: str
    item: str
    parameters: Sequence[tuple[str, str]]

    def one(self, name: str) -> str | None:
        """The first value given, whatever the case of its name."""
        return next((value for key, value in self.parameters if key.lower() == name), None)

    def many(self, name: str) -> list[str]:
        """Values in one list or in several parameters."""
        given = [value for key, value in self.parameters if key.lower() == name]
        return [word.strip() for value in given for word in re.split(r"[,|]", value) if word.strip()]

    def count(self, name: str, *, otherwise: int, most: int = 500) -> int:
        """How many are wanted; nonsense and none count as not given."""
        text = self.one(name) or ""
        given = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
        return min(given, most) if given else otherwise

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked for that only the server could heed."""
        known = all(key.lower() in _KNOWN or _is_credential(key) for key, _ in self.parameters)
        return known and self.one("startindex") in (None, "", "0")

    def wants_other_than(self, kind: str) -> bool:
        """Whether items of this kind are not what is wanted."""
        return not {one.lower() for one in self.many("includeitemtypes")} <= {kind}

    @property
    def credentials(self) -> Sequence[tuple[str, str]]:
        """What proves who asks, and as whom."""
        return [(key, value) for key, value in self.parameters if _is_credential(key) or _is(key, "userid")]

    @property
    def rendering(self) -> Sequence[tuple[str, str]]:
        """How items shall look."""
        return [(key, value) for key, value in self.parameters if key.lower() in _RENDERED[1:]]


def read(request: web.Request) -> Asked | None:
    """The question, if it is one of ours."""
    if request.method != "GET":
        return None
    path = request.rel_url.raw_path
    match = _ITEM.fullmatch(path) or _AUDIOMUSE.fullmatch(path)
    if match is None:
        return None
    parameters = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True, errors="replace")
    named = match.groupdict()
    asked = Asked(
        base=named["base"],
        question=Question(named["question"].lower()),
        kind=(named.get("kind") or "").lower(),
        item=unquote(named.get("item") or ""),
        parameters=parameters,
    )
    return asked if named.get("item") else _with_item_of_query(asked)


def plain_id(text: str) -> str:
    """Ids as adapters tell them: a GUID without dashes, in small letters."""
    bare = text.replace("-", "")
    return bare.lower() if re.fullmatch(r"[0-9a-fA-F]{32}", bare) else text[:_LONGEST_ID]


def _with_item_of_query(asked: Asked) -> Asked | None:
    if asked.question not in (Question.MIX, Question.SIMILAR):
        return asked
    if asked.question is Question.SIMILAR or asked.kind not in ("artists", "musicgenres"):
        return None
    item = asked.one("id")
    return Asked(
        base=asked.base, question=asked.question, kind="items", item=item, parameters=asked.parameters
    ) if item else None  # fmt: skip


def _is_credential(name: str) -> bool:
    return name.lower() in _CREDENTIALS or name.lower().startswith(_CREDENTIALS_BEGIN)


def _is(name: str, wanted: str) -> bool:
    return name.lower() == wanted
