"""Playlists in words for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from segue.cli.printing import moment, print_facts, print_table, say

_LEFT_ALONE = {
    "deleted": "deleted by a person; `segue playlists publish` brings it back",
    "taken_over": "a person made it something else, so it is left alone",
    "refused": "the server refused",
}
_ACTIONS = {
    "wait": "wait for its songs",
    "deleted": "leave deleted",
    "taken_over": "leave to a person",
    "given_up": "leave alone",
    "forget": "let go",
    "resume": "take up again",
    "unknown": "not known",
}


def in_a_line(shown: Mapping[str, Any]) -> str:
    """What has become of it."""
    return f"Playlist {shown['id']}: {shown['name']}, {_songs(len(shown['items']))}, {state(shown)}."


def print_playlist(shown: Mapping[str, Any]) -> None:
    """All that belongs to it."""
    print_facts(
        [
            ("playlist", shown["id"]),
            ("name", shown["name"]),
            ("about", shown["description"]),
            ("kind", shown["kind"]),
            ("recipe", "; ".join(_recipe(shown))),
            ("state", state(shown)),
            ("where", where(shown) if shown["kind"] != "asked" else None),
            ("made", moment(shown["made_at"])),
            ("trouble", shown["last_error"]),
            ("versions", ", ".join(f"{one['number']} ({one['songs']})" for one in shown["versions"][:10])),
        ]
    )
    for copy in shown["copies"]:
        account = f" for {copy['user']}" if copy["user"] else ""
        say(f"On {copy['server']}{account}: {_standing(copy)}")
    marks = {one["recording"]: "pinned" for one in shown["pinned"]}
    rows: list[tuple[object, ...]] = [
        (number, one["recording"], one["artist"], one["title"], marks.get(one["recording"]))
        for number, one in enumerate(shown["items"], 1)
    ]
    rows += [("", one["recording"], one["artist"], one["title"], "banned") for one in shown["banned"]]
    print_table(["", "recording", "artist", "title", "wish"], rows, right=("", "recording"))


def state(shown: Mapping[str, Any]) -> str:
    """Whether it changes by itself, and whether servers shall have it."""
    if shown["withdrawn"]:
        return "withdrawn"
    if shown["retired_at"]:
        return f"its group is gone since {moment(shown['retired_at'])}"
    if shown["held"]:
        return "rolled back"
    if shown["kind"] == "asked" and not shown["songs"]:
        return "waits for its first songs"
    return "as saved" if shown["kind"] == "static" else "living"


def where(shown: Mapping[str, Any]) -> str:
    """The servers and accounts that shall have it."""
    if shown["everywhere"]:
        return "every server"
    chosen = (f"{one['server']}={one['user']}" if one["user"] else one["server"] for one in shown["targets"])
    return ", ".join(chosen) or "nowhere: the chosen servers are gone; `segue playlists targets` chooses anew"


def action(name: str) -> str:
    """What a look would do."""
    return _ACTIONS.get(name, name)


def song(told: Mapping[str, Any]) -> str:
    """Artist and title, as far as they are known."""
    title = told["title"] or f"recording {told['recording']}"
    return f"{told['artist']} - {title}" if told["artist"] else title


def _recipe(shown: Mapping[str, Any]) -> Iterator[str]:
    recipe = shown["recipe"]
    if recipe is None:
        return
    names = {one["recording"]: song(one) for one in (*shown["items"], *shown["pinned"], *shown["banned"])}
    seeds = [names.get(seed, f"recording {seed}") for seed in recipe["seeds"]]
    yield {"similar": "like ", "path": "from "}.get(recipe["kind"], "whatever passes") + (
        " to " if recipe["kind"] == "path" else " and "
    ).join(seeds)
    yield from (f"genre {genre}" for genre in recipe["genres"])
    yield from (f"{mood} at least {share:g}" for mood, share in recipe["moods"].items())
    yield from _bounds("year", *recipe["years"])
    yield from _bounds("tempo", *recipe["tempo"])
    yield f"at most {_songs(recipe['count'])}"
    if shown["kind"] == "recipe":
        hours = shown["refresh_hours"]
        yield f"every {hours:g} hours" if hours else "again when there is new music"


def _bounds(name: str, lowest: float | None, highest: float | None) -> Iterator[str]:
    if lowest is not None or highest is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (lowest, highest))
        yield f"{name} {low}-{high}"


def _standing(copy: Mapping[str, Any]) -> str:
    if copy["given_up"]:
        why = _LEFT_ALONE.get(copy["given_up"], copy["given_up"])
        return f"{why}{': ' + copy['last_error'] if copy['last_error'] else ''}."
    if copy["last_error"]:
        return f"not yet: {copy['last_error']}"
    if copy["server_playlist"] is None:
        return "not there."
    fresh = "up to date" if copy["up_to_date"] else "not up to date"
    return f"{copy['name']!r}, {_songs(copy['songs'])}, {fresh}."


def _songs(count: int) -> str:
    return "1 song" if count == 1 else f"{count} songs"
