"""Subsonic documents in XML and JSON: read, taken apart, and put together anew."""

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from xml.etree import ElementTree as Xml

__all__ = ["Document", "Entry", "JsonDocument", "XmlDocument", "parse"]

_NAMESPACE = "http://subsonic.org/restapi"
_KEPT = ("version", "type", "serverVersion", "openSubsonic")

Entry = Any
"""One song as the server rendered it: an element or an object, by the document it came from."""


class Document(Protocol):
    """An answer of the server, from which one of the same look is made."""

    @property
    def error(self) -> int | None:
        """The code of a refusal."""
        ...

    def song(self) -> Entry | None:
        """The song of a `getSong`; some servers tell of folders there as well."""
        ...

    def has(self, container: str) -> bool:
        """Whether there is such a container."""
        ...

    def children(self) -> Sequence[tuple[str, bool]]:
        """What is in a folder, and whether that is a folder."""
        ...

    def ids(self, container: str, item: str) -> list[str]:
        """The ids of the items in a container, such as the songs of an album."""
        ...

    def name(self, container: str) -> str | None:
        """What a container calls itself."""
        ...

    def songs(self, container: str, entries: Sequence[Entry]) -> bytes:
        """A document with these songs in a container."""
        ...

    def matches(self, entries: Sequence[tuple[Entry, float]]) -> bytes:
        """A document with these songs as sonic matches."""
        ...

    def artist(self, entry: Entry) -> tuple[str, str] | None:
        """Id and name of the artist of a song."""
        ...

    def with_similar_artists(self, container: str, artists: Sequence[tuple[str, str]]) -> bytes:
        """The same container, or an empty one, with these artists by id and name."""
        ...

    def with_extension(self, name: str, version: int) -> bytes:
        """The same document, announcing one more extension."""
        ...


def parse(body: bytes, *, xml: bool) -> Document | None:
    """None when it is no Subsonic document of this form."""
    return XmlDocument.parse(body) if xml else JsonDocument.parse(body)


class JsonDocument:
    """`{"subsonic-response": {…}}`."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told

    @classmethod
    def parse(cls, body: bytes) -> "JsonDocument | None":
        try:
            told = json.loads(body)["subsonic-response"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return cls(told) if isinstance(told, dict) else None

    @property
    def error(self) -> int | None:
        if self._told.get("status") != "failed":
            return None
        error = self._told.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return int(str(code)) if str(code).isdecimal() else 0

    def song(self) -> Entry | None:
        song = self._told.get("song")
        return song if isinstance(song, dict) and not _is_true(song.get("isDir")) else None

    def has(self, container: str) -> bool:
        return isinstance(self._told.get(container), dict)

    def ids(self, container: str, item: str) -> list[str]:
        return [str(one["id"]) for one in self._items(container, item)]

    def children(self) -> Sequence[tuple[str, bool]]:
        found = self._items("directory", "child")
        return [(str(one["id"]), _is_true(one.get("isDir"))) for one in found]

    def name(self, container: str) -> str | None:
        name = self._container(container).get("name")
        return None if name is None else str(name)

    def songs(self, container: str, entries: Sequence[Entry]) -> bytes:
        return self._written({container: {"song": list(entries)} if entries else {}})

    def matches(self, entries: Sequence[tuple[Entry, float]]) -> bytes:
        found = [{"entry": entry, "similarity": similarity} for entry, similarity in entries]
        return self._written({"sonicMatch": found})

    def artist(self, entry: Entry) -> tuple[str, str] | None:
        item, name = entry.get("artistId"), entry.get("artist")
        return None if not item or not name else (str(item), str(name))

    def with_similar_artists(self, container: str, artists: Sequence[tuple[str, str]]) -> bytes:
        similar = [{"id": item, "name": name} for item, name in artists]
        return self._written({container: {**self._container(container), "similarArtist": similar}})

    def with_extension(self, name: str, version: int) -> bytes:
        known = self._told.get("openSubsonicExtensions")
        extensions = [one for one in known if isinstance(one, dict)] if isinstance(known, list) else []
        if all(one.get("name") != name for one in extensions):
            extensions = [*extensions, {"name": name, "versions": [version]}]
        return self._written({"openSubsonicExtensions": extensions})

    def _items(self, container: str, item: str) -> list[Mapping[str, Any]]:
        items = self._container(container).get(item, [])
        many = items if isinstance(items, list) else [items]
        return [one for one in many if isinstance(one, dict) and "id" in one]

    def _container(self, name: str) -> Mapping[str, Any]:
        container = self._told.get(name)
        return container if isinstance(container, dict) else {}

    def _written(self, content: Mapping[str, Any]) -> bytes:
        head = {name: self._told[name] for name in _KEPT if name in self._told}
        head = {"status": "ok", "version": "1.16.1", **head}
        return json.dumps({"subsonic-response": {**head, **content}}, ensure_ascii=False).encode()


class XmlDocument:
    """`<subsonic-response xmlns="http://subsonic.org/restapi">`."""

    def __init__(self, root: Xml.Element) -> None:
        self._root = root

    @classmethod
    def parse(cls, body: bytes) -> "XmlDocument | None":
        try:
            root = Xml.fromstring(body)  # noqa: S314 - the operator's own server, and expat bounds expansion
        except Xml.ParseError:
            return None
        return cls(root) if _plain(root.tag) == "subsonic-response" else None

    @property
    def error(self) -> int | None:
        if self._root.get("status") != "failed":
            return None
        error = self._find(self._root, "error")
        code = "" if error is None else error.get("code", "")
        return int(code) if code.isdecimal() else 0

    def song(self) -> Entry | None:
        song = self._find(self._root, "song")
        return None if song is None or _is_true(song.get("isDir")) else song

    def has(self, container: str) -> bool:
        return self._find(self._root, container) is not None

    def ids(self, container: str, item: str) -> list[str]:
        return [one.get("id", "") for one in self._items(container, item)]

    def children(self) -> Sequence[tuple[str, bool]]:
        return [(one.get("id", ""), _is_true(one.get("isDir"))) for one in self._items("directory", "child")]

    def name(self, container: str) -> str | None:
        inside = self._find(self._root, container)
        return None if inside is None else inside.get("name")

    def songs(self, container: str, entries: Sequence[Entry]) -> bytes:
        root = self._head()
        inside = Xml.SubElement(root, container)
        inside.extend(_renamed(entry, "song") for entry in entries)
        return _written(root)

    def matches(self, entries: Sequence[tuple[Entry, float]]) -> bytes:
        root = self._head()
        for entry, similarity in entries:
            match = Xml.SubElement(root, "sonicMatch")
            match.append(_renamed(entry, "entry"))
            Xml.SubElement(match, "similarity").text = repr(similarity)
        return _written(root)

    def artist(self, entry: Entry) -> tuple[str, str] | None:
        item, name = entry.get("artistId"), entry.get("artist")
        return None if not item or not name else (str(item), str(name))

    def with_similar_artists(self, container: str, artists: Sequence[tuple[str, str]]) -> bytes:
        root, known = self._head(), self._find(self._root, container)
        inside = Xml.Element(container) if known is None else _renamed(known, container)
        root.append(inside)
        for item, name in artists:
            Xml.SubElement(inside, "similarArtist", id=item, name=name)
        return _written(root)

    def with_extension(self, name: str, version: int) -> bytes:
        root = self._head()
        known = [one for one in self._root if _plain(one.tag) == "openSubsonicExtensions"]
        root.extend(_renamed(one, "openSubsonicExtensions") for one in known)
        if all(one.get("name") != name for one in known):
            extension = Xml.SubElement(root, "openSubsonicExtensions", name=name)
            Xml.SubElement(extension, "versions").text = str(version)
        return _written(root)

    def _head(self) -> Xml.Element:
        kept = {name: self._root.attrib[name] for name in _KEPT if name in self._root.attrib}
        return Xml.Element(
            "subsonic-response", {"xmlns": _NAMESPACE, "status": "ok", "version": "1.16.1", **kept}
        )

    def _items(self, container: str, item: str) -> list[Xml.Element]:
        inside = self._find(self._root, container)
        found = () if inside is None else inside
        return [one for one in found if _plain(one.tag) == item and one.get("id")]

    def _find(self, inside: Xml.Element, name: str) -> Xml.Element | None:
        return next((one for one in inside if _plain(one.tag) == name), None)


def _is_true(value: object) -> bool:
    """Old servers write text in JSON too."""
    return value is True or value == "true"


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _renamed(element: Xml.Element, name: str) -> Xml.Element:
    """A copy under another name; namespaces are told once, at the root."""
    made = copy.deepcopy(element)
    for one in made.iter():
        one.tag = _plain(one.tag)
    made.tag = name
    return made


def _written(root: Xml.Element) -> bytes:
    written: bytes = Xml.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written
