"""Tags of every family in our words, and no file that crashes the reader."""

from pathlib import Path
from typing import Any

import mutagen
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.id3 import TALB, TCON, TDRC, TIT2, TPE1, TPE2, TPOS, TRCK, UFID
from mutagen.mp4 import MP4FreeForm

from segue_folder.tags import Tags, UnreadableError, read_tags
from tests.adapters.folder.test_content import WRITERS

MBID = "5328cc95-3f3a-50c4-8084-3ebcb6c1d619"
EXPECTED = Tags(
    title="Dawn", artist="Ada; Bo", album_artist="Ada", album="Low Water", track_number=3, disc_number=2,
    year=1999, genres=("Folk", "Rock"), musicbrainz_recording=MBID,
)  # fmt: skip


def _id3(tags: Any) -> None:
    for frame in (
        TIT2(text=["Dawn"]), TPE1(text=["Ada", "Bo"]), TPE2(text=["Ada"]), TALB(text=["Low Water"]),
        TRCK(text=["03/12"]), TPOS(text=["2/2"]), TDRC(text=["1999-05-01"]), TCON(text=["Folk", "Rock"]),
        UFID(owner="http://musicbrainz.org", data=MBID.encode()),
    ):  # fmt: skip
        tags.add(frame)


def _comments(tags: Any) -> None:
    for name, value in {
        "TITLE": ["Dawn"], "artist": ["Ada", "Bo"], "AlbumArtist": ["Ada"], "album": ["Low Water"],
        "tracknumber": ["3"], "discnumber": ["2"], "date": ["1999"], "genre": ["Folk", "Rock"],
        "musicbrainz_trackid": [MBID],
    }.items():  # fmt: skip
        tags[name] = value


def _mp4(tags: Any) -> None:
    tags["\xa9nam"], tags["\xa9ART"], tags["aART"] = ["Dawn"], ["Ada", "Bo"], ["Ada"]
    tags["\xa9alb"], tags["trkn"], tags["disk"] = ["Low Water"], [(3, 12)], [(2, 2)]
    tags["\xa9day"], tags["\xa9gen"] = ["1999"], ["Folk", "Rock"]
    tags["----:com.apple.iTunes:MusicBrainz Track Id"] = [MP4FreeForm(MBID.encode())]


FAMILIES = {"mp3": _id3, "wav": _id3, "aiff": _id3, "flac": _comments, "ogg": _comments, "opus": _comments,
            "m4a": _mp4}  # fmt: skip


@pytest.mark.parametrize("suffix", FAMILIES)
def test_tags_of_every_family(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"song.{suffix}"
    WRITERS[suffix](path, 1)
    file: Any = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    FAMILIES[suffix](file.tags)
    file.save()
    tags = read_tags(path)
    assert tags.seconds is not None
    assert 7 < tags.seconds < 9
    assert {name: getattr(tags, name) for name in Tags.__slots__ if name != "seconds"} == {
        name: getattr(EXPECTED, name) for name in Tags.__slots__ if name != "seconds"
    }


def test_tags_in_ape(tmp_path: Path) -> None:
    from segue_folder.tags import _tags

    ape: Any = APEv2()
    ape["Title"], ape["Artist"], ape["Track"], ape["Year"] = "Dawn", "Ada\0Bo", "3/12", "1999"
    tags = _tags(ape, None)
    assert (tags.title, tags.artist, tags.track_number, tags.year) == ("Dawn", "Ada; Bo", 3, 1999)


@pytest.mark.parametrize(
    ("date", "year"),
    [("2004-10-01", 2004), ("Oct 1987", 1987), ("0000", None), ("20041001", None), ("", None)],
)
def test_years(date: str, year: int | None) -> None:
    from segue_folder.tags import _year

    assert _year(date) == year


def test_what_is_no_audio_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"")
    with pytest.raises(UnreadableError):
        read_tags(path)
    with pytest.raises(UnreadableError):
        read_tags(tmp_path / "missing.mp3")


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(FAMILIES)),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255))),
    st.integers(0, 4000),
)
def test_broken_files_are_unreadable_at_worst(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, flips: list[tuple[int, int]], end: int
) -> None:
    base = tmp_path_factory.getbasetemp()
    whole = base / f"whole.{suffix}"
    if not whole.exists():
        WRITERS[suffix](whole, 1)
        file: Any = mutagen.File(whole)
        if file.tags is None:
            file.add_tags()
        FAMILIES[suffix](file.tags)
        file.save()
    data = bytearray(whole.read_bytes()[: end or None])
    for at, value in flips:
        if at < len(data):
            data[at] = value
    broken = base / f"broken.{suffix}"
    broken.write_bytes(data)
    try:
        tags = read_tags(broken)
    except UnreadableError:
        return
    for text in (tags.title, tags.artist, tags.album, *tags.genres):
        assert text is None or "\0" not in text
        assert text is None or text.encode()
