"""Replies of a daemon, made as short as a test can want them."""

from typing import Any

MOMENT = "2026-03-01T04:05:06+00:00"


def run(number: int = 7, **facts: Any) -> dict[str, Any]:
    return {
        "id": number, "kind": "analyse", "state": "PROGRESS", "percent": 25.0, "done": 1, "failed": 0,
        "total": 4, "message": "", "parent": None, "server": None, "schedule": None, "created_at": MOMENT,
        "started_at": MOMENT, "finished_at": None, "updated_at": MOMENT, **facts,
    }  # fmt: skip


def track(number: int = 1, **facts: Any) -> dict[str, Any]:
    return {
        "id": number, "server": "attic", "server_track": "a/b.mp3", "recording": 10 + number,
        "title": "Sinnerman", "artist": "Nina Simone", "album_artist": None, "album": "Pastel Blues",
        "track_number": 1, "disc_number": 1, "year": 1965, "genres": [], "seconds": 622.0, "format": "mp3",
        "library": None, "missing_since": None, "excluded": False, **facts,
    }  # fmt: skip


def server(**facts: Any) -> dict[str, Any]:
    return {
        "name": "attic", "kind": "folder", "origin": "api", "state": "connected", "state_since": MOMENT,
        "last_error": None, "product": "Folder", "product_version": "1", "last_walk_at": MOMENT,
        "withdrawn": False, "tracks": 12, "missing": 0, "excluded": 0, "heard": 10, "failed": 1,
        "options": {"path": "/srv/music"}, "front_door": None, "hook": "/hooks/attic",
        "created_at": MOMENT, **facts,
    }  # fmt: skip


def heard(**facts: Any) -> dict[str, Any]:
    return {
        "version": 1, "quality": "balanced", "analysed_at": MOMENT,
        "tags": [{"tag": "jazz", "probability": 0.5}], "moods": {"happy": 0.25, "sad": None}, "tempo": 120.0,
        "tempo_confidence": 0.9, "key": "F#", "scale": "minor", "key_confidence": 0.8, "energy": 0.4,
        "loudness": None, "true_peak": None, "dance": None, "intro_silence": None, "outro_silence": None,
        "heads": {"calm": [0.9, 0.1]}, "spaces": ["musicnn-raw"],
        "missing": {"loudness": "Only windows were heard."}, **facts,
    }  # fmt: skip


def analysis(**facts: Any) -> dict[str, Any]:
    return {
        "total": 12, "heard": 10, "wanted": 1, "leased": 0, "postponed": 0, "sourceless": 0, "failed": 1,
        "run": run(), "workers": [], **facts,
    }  # fmt: skip


def page(*items: Any, following: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next": following}
