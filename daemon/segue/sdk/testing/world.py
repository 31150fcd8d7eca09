"""A few songs on disk, which a server, fake or real, then shows."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mutagen

from segue.sdk.testing.flac import flac_tone

__all__ = ["Song", "World"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """One song; `hertz` is its sound. Its file lies in `folder` and is called by `name`, if given."""

    artist: str
    album: str
    title: str
    number: int
    hertz: float
    disc: int = 1
    year: int = 2001
    genre: str = "Folk"
    seconds: float = 2.0
    folder: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """Where it lies below the world's folder."""
        folder = self.folder or f"{_plain(self.artist)}/{_plain(self.album)}"
        return f"{folder}/{self.number:02d} {_plain(self.name or self.title)}.flac"


@dataclass
class World:
    """Songs as FLAC files below `root`; every change is on disk when its method returns."""

    root: Path
    songs: list[Song] = field(default_factory=list)

    @classmethod
    def small(cls, root: Path) -> "World":
        """Seven songs of three artists, with names that servers and protocols like to get wrong."""
        world = cls(root)
        for song in _SMALL:
            world.add(song)
        return world

    def file(self, song: Song) -> Path:
        return self.root / song.path

    def add(self, song: Song) -> Song:
        """Write a new song."""
        file = self.file(song)
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, song)
        self._tag(song)
        self.songs.append(song)
        return song

    def retag(self, song: Song, *, title: str, genre: str | None = None) -> Song:
        """Other tags in the same file."""
        changed = replace(song, title=title, genre=genre or song.genre, name=song.name or song.title)
        self._tag(changed)
        self._swap(song, changed)
        return changed

    def rerecord(self, song: Song, *, hertz: float) -> Song:
        """Another sound under the same name and tags."""
        changed = replace(song, hertz=hertz, seconds=song.seconds + 1)
        _write(self.file(song), changed)
        self._tag(changed)
        self._swap(song, changed)
        return changed

    def move(self, song: Song, folder: str) -> Song:
        """The same file in another folder."""
        moved = replace(song, folder=folder)
        target = self.file(moved)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.file(song).rename(target)
        self._swap(song, moved)
        return moved

    def remove(self, song: Song) -> None:
        """Delete its file."""
        self.file(song).unlink()
        self.songs.remove(song)

    def _swap(self, old: Song, new: Song) -> None:
        self.songs[self.songs.index(old)] = new

    def _tag(self, song: Song) -> None:
        tags: Any = mutagen.File(self.file(song))
        tags.delete()
        for name, value in {
            "artist": song.artist,
            "albumartist": song.artist,
            "album": song.album,
            "title": song.title,
            "tracknumber": song.number,
            "discnumber": song.disc,
            "date": song.year,
            "genre": song.genre,
        }.items():
            tags[name] = str(value)
        tags.save(padding=lambda info: 4096)


def _write(path: Path, song: Song) -> None:
    """The file appears whole."""
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(flac_tone(song.hertz, song.seconds))
    draft.rename(path)


def _plain(name: str) -> str:
    return name.replace("/", "_").replace(":", "_").replace('"', "'")


_SMALL = (
    Song(artist="Ada Fern", album="Low Water", title="Dawn", number=1, hertz=220),
    Song(artist="Ada Fern", album="Low Water", title="Tide & Stone", number=2, hertz=247),
    Song(artist="Ada Fern", album="Low Water", title='The "Long" Way', number=3, hertz=262, genre="Rock"),
    Song(artist="Björk-Ólafur", album="Ég", title="Hljóð / Þögn", number=1, hertz=294, genre="Electronic"),
    Song(artist="Björk-Ólafur", album="Ég", title="100% näher", number=2, hertz=330, year=1999),
    Song(artist="東京カルテット", album="夜: 第一部", title="静けさ", number=1, hertz=349, genre="Jazz"),
    Song(artist="東京カルテット", album="夜: 第一部", title="O'Brien's \\ Reel", number=2, hertz=392, disc=2),
)
