"""Which files are tracks: never outside the folder, never round in circles, never silently less."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model import TrackId
from segue.sdk import AdapterError, NotFound
from segue_folder.tree import Problems, Tree, track_id


def _make(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode("utf-8", "surrogateescape"))


def _ids(tree: Tree) -> list[str]:
    return [found.id for found in tree.files()]


def test_audio_files_are_listed_in_order(tmp_path: Path) -> None:
    _make(tmp_path, "b/2.mp3", "a.FLAC", "b/1.ogg", "b/cover.jpg", "notes.txt", "b/c/d.opus", "noext")
    assert _ids(Tree(tmp_path)) == ["a.FLAC", "b/1.ogg", "b/2.mp3", "b/c/d.opus"]


def test_hidden_and_excluded_ones_are_not(tmp_path: Path) -> None:
    _make(tmp_path, ".hidden.mp3", ".trash/1.mp3", "a/@eaDir/1.mp3", "a/._1.mp3", "Podcasts/1.mp3",
          "b/Demos/1.mp3", "b/c/Demos/2.mp3", "keep/live.mp3", "keep/intro.mp3")  # fmt: skip
    tree = Tree(tmp_path, ["Podcasts/", "b/*/Demos", "intro.*"])
    assert _ids(tree) == ["b/Demos/1.mp3", "keep/live.mp3"]
    for name in (".hidden.mp3", "Podcasts/1.mp3", "b/c/Demos/2.mp3", "keep/intro.mp3"):
        with pytest.raises(NotFound):
            tree.find(TrackId(name))


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    _make(tmp_path / "root", "a/1.mp3")
    _make(tmp_path / "outside", "2.mp3")
    (tmp_path / "root/a/up").symlink_to(tmp_path / "root")
    (tmp_path / "root/a/self").symlink_to(tmp_path / "root/a/self")
    (tmp_path / "root/linked").symlink_to(tmp_path / "outside")
    (tmp_path / "root/dead.mp3").symlink_to(tmp_path / "nowhere.mp3")
    tree = Tree(tmp_path / "root")
    assert _ids(tree) == ["a/1.mp3", "linked/2.mp3"]
    assert tree.find(TrackId("linked/2.mp3")).size == 5
    for circle in ("a/up/a/1.mp3", "a/self/1.mp3", "dead.mp3"):
        with pytest.raises(NotFound):
            tree.find(TrackId(circle))


def test_names_that_are_no_text_have_an_id_and_are_found_by_it(tmp_path: Path) -> None:
    _make(tmp_path, os.fsdecode(b"caf\xe9/\xff\\x41.mp3"), "back\\slash.mp3", "100%25 \\xe9.mp3")
    tree = Tree(tmp_path)
    assert _ids(tree) == ["100%25 \\\\xe9.mp3", "back\\\\slash.mp3", "caf\\xe9/\\xff\\\\x41.mp3"]
    for found in tree.files():
        found.id.encode()
        assert tree.find(found.id) == found


@given(st.text(min_size=1).filter(lambda text: "/" not in text and "\0" not in text))
def test_every_name_has_an_id_of_its_own(name: str) -> None:
    root = Path("/music")
    raw = os.fsdecode(name.encode("utf-8", "surrogatepass"))
    if raw in (".", ".."):
        return
    path = root / f"{raw}.mp3"
    id_ = track_id(root, path)
    id_.encode()
    from segue_folder.tree import _inside

    assert root / _inside(id_) == path


@given(st.text())
def test_no_id_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.getbasetemp()
    with pytest.raises(AdapterError):
        Tree(root).find(TrackId(text))


@pytest.mark.parametrize(
    "id_", ["../x.mp3", "/x.mp3", "a/../../x.mp3", "a//x.mp3", "./x.mp3", "x.mp3/", "a\\xzz"]
)
def test_only_the_one_spelling_of_a_name_is_its_id(tmp_path: Path, id_: str) -> None:
    _make(tmp_path, "in/x.mp3", "in/a/x.mp3", "x.mp3")
    with pytest.raises(NotFound):
        Tree(tmp_path / "in").find(TrackId(id_))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_told_of(tmp_path: Path) -> None:
    _make(tmp_path, "a/1.mp3", "b/2.mp3")
    (tmp_path / "a").chmod(0)
    problems = Problems()
    try:
        assert [found.id for found in Tree(tmp_path).files(problems=problems)] == ["b/2.mp3"]
    finally:
        (tmp_path / "a").chmod(0o700)
    assert str(tmp_path / "a") in problems.sentence()
