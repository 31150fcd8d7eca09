"""Folders: made, refused, or put where the database's account can reach them."""

import os
from pathlib import Path

import pytest

from segue.embedded import Account, StartError
from segue.up.rooms import data_room, furnish

_STRANGER = Account(name="stranger", uid=os.geteuid() + 54321, gid=os.getegid() + 54321)
_ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")


def test_a_new_data_folder_is_closed_to_readers(open_folder: Path) -> None:
    data = data_room(open_folder / "deep" / "data")
    assert data.stat().st_mode & 0o066 == 0


def test_an_existing_folder_keeps_its_mode(open_folder: Path) -> None:
    (open_folder / "data").mkdir(mode=0o750)
    assert data_room(open_folder / "data").stat().st_mode & 0o777 == 0o750


def test_sockets_of_a_deep_folder_go_to_a_private_runtime_folder(open_folder: Path) -> None:
    data = data_room(open_folder / ("d" * 100))
    rooms = furnish(data, None)
    try:
        assert not rooms.run.is_relative_to(data)
        assert len(os.fsencode(rooms.run / ".s.PGSQL.5432")) <= 100
        assert rooms.run.stat().st_mode & 0o077 == 0
        assert furnish(data, None).run == rooms.run
    finally:
        rooms.run.rmdir()


@_ONLY_ROOT
def test_a_database_below_a_closed_folder_lives_elsewhere_behind_a_link(open_folder: Path) -> None:
    closed = open_folder / "home"
    closed.mkdir(mode=0o700)
    data, state = data_room(closed / "data"), open_folder / "state"
    rooms = furnish(data, _STRANGER, state_of_root=state)
    assert rooms.services.parent == state
    assert _STRANGER.locked_out_at(rooms.run) is None
    assert (data / "pg").readlink() == rooms.services / "pg"
    assert furnish(data, _STRANGER, state_of_root=state) == rooms
    assert closed.stat().st_mode & 0o777 == 0o700


@_ONLY_ROOT
def test_a_new_data_folder_in_an_old_place_does_not_get_the_old_database(open_folder: Path) -> None:
    closed = open_folder / "home"
    closed.mkdir(mode=0o700)
    first = furnish(data_room(closed / "data"), _STRANGER, state_of_root=open_folder / "state")
    (closed / "data").rename(closed / "moved")
    second = furnish(data_room(closed / "data"), _STRANGER, state_of_root=open_folder / "state")
    assert first.services != second.services


@_ONLY_ROOT
def test_a_link_to_a_database_that_is_gone_is_told(open_folder: Path) -> None:
    closed = open_folder / "home"
    closed.mkdir(mode=0o700)
    data = data_room(closed / "data")
    (data / "pg").symlink_to(open_folder / "gone/pg")
    with pytest.raises(StartError, match="is gone"):
        furnish(data, _STRANGER, state_of_root=open_folder / "state")
