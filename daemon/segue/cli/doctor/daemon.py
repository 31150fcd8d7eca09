"""Checks through the daemon: it answers, it lets us in, and each server's loop goes round."""

from collections.abc import Iterator
from importlib import metadata
from typing import Any

from segue.cli.api import Api, connect
from segue.cli.doctor.finding import Finding, bad, good, warning
from segue.cli.faults import CommandError, Exit

_CHECK_SECONDS = 600.0

_LEAST_RECALL = 0.95


def loop(*, url: str | None, token: str | None) -> Iterator[Finding]:
    """What only a running daemon can tell."""
    try:
        api = connect(url, token, seconds=_CHECK_SECONDS)
        api.ready()
    except CommandError as error:
        yield _not_ready(error)
        return
    yield good("daemon", f"answers at {api.url}")
    try:
        system = api.get("/system")
        yield from _system(system)
        yield from _servers(api)
        yield from _hearing(api)
        yield from _query(api)
    except CommandError as error:
        yield bad("daemon", str(error), "Give a token that may do this, in SEGUE_TOKEN or with --token.")


def _not_ready(error: CommandError) -> Finding:
    if error.exit is Exit.UNREACHABLE:
        return warning("daemon", str(error), "The checks that need a daemon were left out.")
    return bad("daemon", str(error), "Look at what is bad above, and at the daemon's log.")


def _system(system: dict[str, Any]) -> Iterator[Finding]:
    theirs, ours = system["versions"].get("segue"), metadata.version("segue")
    if theirs != ours:
        yield warning("version", f"The daemon is {theirs}, this is {ours}.", "Start the daemon again.")
    if not system["queues"]["reachable"]:
        yield bad("queue", "The daemon cannot reach Redis or Valkey.", "Check SEGUE_REDIS_URL there.")
    index = system["index"]
    behind = index["seconds_behind"]
    if behind is not None and behind > 30:
        advice = "Look at the daemon's log for `index`."
        yield bad("index", f"It has not followed the database for {behind:.0f} s.", advice)
    else:
        listed = f", the nearest of {index['listed']:,} ready" if index["listed"] else ""
        yield good("index", f"{_recordings(index['recordings'])} in the space {index['space']}{listed}")
    yield from _recall(index)


def _recall(index: dict[str, Any]) -> Iterator[Finding]:
    """An index that compares everything finds everything, and has nothing to measure."""
    at_10, at_50 = index["recall_at_10"], index["recall_at_50"]
    if at_10 is None or at_50 is None:
        return
    told = f"finds {at_10:.1%} of the true 10 nearest, {at_50:.1%} of 50"
    if at_10 < _LEAST_RECALL:
        yield warning("recall", told, "Set SEGUE_INDEX__EXACT_BELOW above that many recordings to miss none.")
    else:
        yield good("recall", told)


def _servers(api: Api) -> Iterator[Finding]:
    """Each one is really reached."""
    found = api.get("/servers")["items"]
    if not found:
        yield warning("servers", "None is connected yet.", "Connect one: `segue servers add --help`.")
    for server in found:
        if not server["withdrawn"]:
            yield from _server(api, server)
            yield from _front_door(server)


def _server(api: Api, server: dict[str, Any]) -> Iterator[Finding]:
    subject = f"server {server['name']}"
    try:
        told = api.post(f"/servers/{server['name']}/test")
    except CommandError as error:
        if error.exit is Exit.REFUSED:
            raise
        yield bad(subject, str(error), f"Correct its settings, then `segue servers test {server['name']}`.")
        return
    for sentence in told["warnings"]:
        yield warning(subject, sentence, f"`segue servers test {server['name']}` shows whether it helped.")
    if server["last_walk_at"] is None:
        advice = f"`segue servers walk {server['name']} --follow` shows how it goes."
        yield warning(subject, f"{told['product']} answers, but was never walked to its end.", advice)
    else:
        counts = f"{server['tracks']} tracks, {server['heard']} heard"
        yield good(subject, f"{told['product']} {told['version']}".strip() + f", {counts}")
    yield from _whole_loop(api, server["name"])


def _whole_loop(api: Api, name: str) -> Iterator[Finding]:
    """A file is borrowed and heard, a test playlist made and taken away, a webhook sent."""
    checked = api.post(f"/servers/{name}/check")
    for step in checked["steps"]:
        if step["good"] is False and step["name"] != "rights":  # told above as warnings
            yield bad(f"{step['name']} of {name}", step["detail"], step["advice"] or "See the daemon's log.")
    if checked["good"]:
        tried = ", ".join(step["name"] for step in checked["steps"] if step["good"])
        yield good(f"loop of {name}", f"works: {tried}")


def _front_door(server: dict[str, Any]) -> Iterator[Finding]:
    if (door := server["front_door"]) is None:
        return
    subject = f"front door of {server['name']}"
    if door["state"] == "open":
        yield good(subject, f"listens on {door['address']}")
    else:
        advice = f"`segue servers show {server['name']}` shows whether it opened since."
        yield bad(subject, door["trouble"] or f"It is {door['state']}.", advice)


def _hearing(api: Api) -> Iterator[Finding]:
    status = api.get("/analysis")
    if status["failed"]:
        yield warning(
            "hearing",
            f"{_recordings(status['failed'])} cannot be heard.",
            "`segue analyse failures` tells why; each is tried again when its file changes.",
        )
    if status["sourceless"]:
        advice = "They are heard when their server is back; `segue servers list` shows how servers are."
        yield warning("hearing", f"Without a server now: {_recordings(status['sourceless'])}.", advice)


def _query(api: Api) -> Iterator[Finding]:
    """The answer that everything is for."""
    tracks = api.get("/tracks", limit=1)["items"]
    if not tracks:
        return
    try:
        found = api.get("/similar", track=tracks[0]["id"], limit=5)
    except CommandError as error:
        yield warning("similar", str(error), "`segue analyse status` tells how far the hearing is.")
    else:
        yield good("similar", f"{len(found['items'])} tracks in {found['milliseconds']:.1f} ms")


def _recordings(count: int) -> str:
    return f"{count} recording" + ("" if count == 1 else "s")
