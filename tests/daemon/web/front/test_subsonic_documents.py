"""Whatever a server answers, reading it and making an answer of it raises nothing."""

import json
from typing import Any
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from segue.web.front.subsonic.documents import parse

_WORDS = (
    "id", "name", "song", "album", "child", "directory", "isDir", "status", "error", "code", "artist",
    "artistId", "openSubsonicExtensions", "artistInfo", "versions",
)  # fmt: skip
_TEXTS = st.text(alphabet="ab1²٣é<&\"'", max_size=4)
_ATTRIBUTES = st.dictionaries(st.sampled_from(_WORDS), _TEXTS, max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS | st.just("failed"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=15,
)


def _element(made: tuple[str, dict[str, str], list[Any]]) -> ElementTree.Element:
    element = ElementTree.Element(made[0], made[1])
    element.extend(made[2])
    return element


_ELEMENTS = st.recursive(
    st.tuples(st.sampled_from(_WORDS), _ATTRIBUTES, st.just([])).map(_element),
    lambda inner: st.tuples(st.sampled_from(_WORDS), _ATTRIBUTES, st.lists(inner, max_size=3)).map(_element),
    max_leaves=8,
)


def _use(body: bytes, *, xml: bool) -> None:
    document = parse(body, xml=xml)
    if document is None:
        return
    assert document.error is None or document.error >= 0
    assert all(isinstance(one, str) for one in document.ids("album", "song"))
    assert document.name("artist") is None or document.has("artist")
    assert all(one for one, _ in document.children()) or not xml
    song = document.song()
    songs = [] if song is None else [song]
    artists = [artist for one in songs if (artist := document.artist(one)) is not None]
    made = [
        document.songs("similarSongs", songs),
        document.matches([(one, 0.5) for one in songs]),
        document.with_similar_artists("artistInfo", [("1", "A & B"), *artists]),
        document.with_extension("sonicSimilarity", 1),
    ]
    for one in made:
        read = parse(one, xml=xml)
        assert read is not None
        assert read.error is None


@settings(deadline=None)
@given(_VALUES)
def test_any_json_is_read(value: object) -> None:
    _use(json.dumps({"subsonic-response": value}).encode(), xml=False)


@settings(deadline=None)
@given(st.lists(_ELEMENTS, max_size=4), st.sampled_from(["ok", "failed", ""]))
def test_any_xml_is_read(inside: list[ElementTree.Element], status: str) -> None:
    root = ElementTree.Element("subsonic-response", {"status": status})
    root.extend(inside)
    _use(ElementTree.tostring(root), xml=True)
