"""Frames: what goes in comes out, and no bytes from a child break the parent."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.children.errors import ChildGarbled
from segue.children.frames import Frame, Json, encode, parse_header, read

json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
frames = st.builds(
    Frame, st.text(max_size=10), st.dictionaries(st.text(), json_values | st.binary(), max_size=5)
)


@given(st.lists(frames, max_size=3))
def test_frames_survive_the_pipe(sent: list[Frame]) -> None:
    pipe = io.BytesIO(b"".join(encode(frame) for frame in sent))
    assert [read(pipe) for _ in sent] == sent
    assert read(pipe) is None


@given(st.binary(max_size=200))
def test_any_header_is_read_or_called_garbled(data: bytes) -> None:
    try:
        parse_header(data)
    except ChildGarbled:
        return


@given(json_values)
def test_any_json_header_is_read_or_called_garbled(value: Json) -> None:
    try:
        parse_header(encode(Frame("x", {"value": value}))[4:])
    except ChildGarbled:
        return


@given(frames, st.data())
def test_a_cut_frame_is_garbled(frame: Frame, data: st.DataObject) -> None:
    whole = encode(frame)
    cut = whole[: data.draw(st.integers(4, len(whole) - 1))]
    with pytest.raises(ChildGarbled):
        read(io.BytesIO(cut))


def test_a_frame_that_claims_too_much_is_refused() -> None:
    with pytest.raises(ChildGarbled, match="too large"):
        parse_header(b'{"kind": "reply", "fields": {}, "blobs": [["x", 99999999999]]}')
    with pytest.raises(ChildGarbled, match="too long"):
        read(io.BytesIO(b"\xff\xff\xff\xff"))
