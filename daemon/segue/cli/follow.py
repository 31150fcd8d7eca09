"""Follows a run until it ends: a progress bar for people, lines of JSON for programs."""

import time
from collections import deque
from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING, Any

from segue.cli.api import Api
from segue.cli.faults import CommandError, Exit
from segue.cli.printing import cell, console, plain, print_json, span

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

FINISHED = ("SUCCESS", "FAILURE", "REVOKED")
Event = tuple[str, Any]

_POLL_SECONDS = 1.0
_LOOKS_IN_VAIN = 30
_PATIENCE = 8  # looks for what begins in the next moment, as hearing after a walk
_RATE_SECONDS = 30.0
_UNITS = {"analyse": "songs", "walk": "tracks", "clustering": "groupings"}


def follow(api: Api, run: int, *, as_json: bool) -> Exit:
    """Watch it to its end; the exit status says how it ended."""
    watch = _print_lines if as_json else _draw
    state = watch(events(api, run))
    return Exit.OK if state == "SUCCESS" else Exit.FAILED


def follow_all(api: Api, *, as_json: bool) -> Exit | None:
    """Watch whatever goes on, one run after the other, until nothing does; None if nothing did."""
    worst: Exit | None = None
    seen: set[int] = set()
    run = _newest(api, seen) or (_newest(api, seen, looks=_PATIENCE) if _is_about_to_begin(api) else None)
    while run is not None:
        seen.add(run["id"])
        worst = max(worst or Exit.OK, follow(api, run["id"], as_json=as_json))
        run = _newest(api, seen, looks=_PATIENCE if run["kind"] == "walk" else 1)
    return worst


def events(api: Api, run: int) -> Iterator[Event]:
    """What the daemon tells as it happens; where a stream breaks off, the run is asked for instead."""
    last: str | None = None
    vain = 0
    while True:
        try:
            for name, event_id, data in api.events(f"/runs/{run}/events", last=last):
                vain, last = 0, event_id or last
                yield name, data
                if name == "end":
                    return
            found = api.get(f"/runs/{run}")
        except CommandError as error:
            vain += 1
            if error.exit is not Exit.UNREACHABLE or last is None or vain > _LOOKS_IN_VAIN:
                raise
        else:
            yield "run", found
            if found["state"] in FINISHED:
                yield "end", found
                return
        time.sleep(_POLL_SECONDS)


class Rate:
    """How many per second, over the last half minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, done: int) -> None:
        now = self._clock()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > _RATE_SECONDS:
            self._seen.popleft()

    def per_second(self) -> float | None:
        """None while nothing was done."""
        if len(self._seen) < 2:
            return None
        (then, few), (_, many) = self._seen[0], self._seen[-1]
        seconds = self._clock() - then
        return (many - few) / seconds if many > few and seconds > 0 else None


def _newest(api: Api, seen: Container[int], *, looks: int = 1) -> dict[str, Any] | None:
    """Hearing is what people want to watch, else whatever goes on."""
    for look in range(looks):
        if look:
            time.sleep(_POLL_SECONDS)
        every = api.items("/runs", unfinished=True, whole=True)
        going = [run for run in every if run["id"] not in seen]
        going.sort(key=lambda run: run["kind"] != "analyse")
        if going:
            found: dict[str, Any] = going[0]
            return found
    return None


def _is_about_to_begin(api: Api) -> bool:
    """Between the first start and the first run, and between a walk and the hearing, is a moment."""
    if api.get("/analysis")["wanted"]:
        return True
    return any(server["last_walk_at"] is None for server in api.get("/servers")["items"])


def _print_lines(found: Iterator[Event]) -> str:
    state = ""
    for name, data in found:
        print_json({"event": name, "data": data}, one_line=True)
        state = data.get("state", state)
    return state


def _draw(found: Iterator[Event]) -> str:
    """The bar is drawn on a terminal only; log lines stand above it."""
    run: dict[str, Any] = {}
    with _progress() as progress:
        bar = progress.add_task("", total=None, speed="", left="")
        rate = Rate()
        for name, data in found:
            if name == "log":
                progress.console.print(cell(f"{data['level']}: {data['line']}"))
            elif data:
                run = data
                rate.add(run["done"] + run["failed"])
                _show(progress, bar, run, rate.per_second())
    if not run:
        raise CommandError("The run was removed while it was followed.")
    print(_summary(run))
    return str(run["state"])


def _progress() -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    output = console()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}", style="green"),
        TextColumn("{task.fields[left]}", style="cyan"),
        console=output,
        transient=True,
        disable=not output.is_terminal,
    )


def _show(progress: "Progress", bar: "TaskID", run: dict[str, Any], rate: float | None) -> None:
    from rich.markup import escape

    heard = run["done"] + run["failed"]
    failed = f", {run['failed']} failed" if run["failed"] else ""
    message = f" {plain(run['message'])}" if run["message"] else ""
    progress.update(
        bar,
        description=escape(f"{run['kind']} {run['id']}{message}{failed}"),
        completed=heard,
        total=run["total"],
        speed=f"{rate:.2f} {_UNITS.get(run['kind'], 'steps')}/s" if rate else "",
        left=f"{span((run['total'] - heard) / rate)} left" if rate and run["total"] else "",
    )


def _summary(run: dict[str, Any]) -> str:
    words = {"SUCCESS": "done", "FAILURE": "failed", "REVOKED": "cancelled"}
    ending = words.get(run["state"], run["state"])
    counts = f"{run['done']} done" + (f", {run['failed']} failed" if run["failed"] else "")
    message = f": {plain(run['message'])}" if run["message"] else ""
    return f"Run {run['id']} ({run['kind']}) {ending}, {counts}{message}"
