"""What one `segue up` is to run: plain values, so that the supervisor needs nothing else in memory."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

_SEGUE = (sys.executable, "-m", "segue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of our own programs, kept running until everything stops."""

    name: str
    command: tuple[str, ...]
    patience: float = 8.0  # seconds between the wish and the order to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Folders, addresses and programs; an address given means that nothing is embedded for it."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 4711
    database_url: str | None = None
    redis_url: str | None = None
    music: Path | None = None
    playlists: Path | None = None
    config: Path | None = None
    own_token: bool = False  # the person chose an admin token, so none is made
    migrate: tuple[str, ...] = (*_SEGUE, "migrate")
    parts: tuple[Part, ...] = (
        Part(name="serve", command=(*_SEGUE, "serve")),
        Part(name="work", command=(*_SEGUE, "work")),
    )

    @property
    def playlist_folder(self) -> Path | None:
        """Where the playlists of the music folder go: beside everything else of ours, unless told."""
        return self.playlists or (self.data_dir / "playlists" if self.music else None)

    def environment(self, *, database_url: str, redis_url: str) -> dict[str, str]:
        """What the parts learn from us."""
        told = {
            "SEGUE_DATA_DIR": str(self.data_dir),
            "SEGUE_HOST": self.host,
            "SEGUE_PORT": str(self.port),
            "SEGUE_DATABASE_URL": database_url,
            "SEGUE_REDIS_URL": redis_url,
            "SEGUE_MUSIC": str(self.music) if self.music else "",
            "SEGUE_PLAYLISTS": str(self.playlist_folder or ""),
            "SEGUE_CONFIG": str(self.config) if self.config else "",
        }
        return {name: value for name, value in told.items() if value}

    def to_json(self) -> str:
        """For the supervisor's own process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """The same plan again."""
        values = json.loads(text)
        for name in ("data_dir", "music", "playlists", "config"):
            values[name] = Path(values[name]) if values[name] else None
        values["migrate"] = tuple(values["migrate"])
        values["parts"] = tuple(
            Part(name=part["name"], command=tuple(part["command"]), patience=part["patience"])
            for part in values["parts"]
        )
        return cls(**values)
