"""Starts everything in order, keeps it running, and ends it in the opposite order."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping

from segue.embedded import Postgres, StartError, Valkey, unprivileged_account
from segue.embedded.process import end_foreign, spawn, tail
from segue.up.bell import Bell
from segue.up.door import is_answering, refuse_taken
from segue.up.greeting import greeting
from segue.up.holder import Holder
from segue.up.journal import Journal
from segue.up.plan import Plan
from segue.up.program import Program
from segue.up.rooms import Rooms, furnish
from segue.up.watched import Service, Watched, describe

_STEP = 0.03  # seconds between looks while something is on its way
_REST = 0.5  # and while nothing is
_TRIES_AT_START = 4
_END_LEFTOVER = ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0))

Say = Callable[[str], None]


class Stopped(Exception):  # noqa: N818 - not an error
    """Somebody wishes us to stop."""


class Supervisor:
    """One life of `segue up`, in the main thread: the death signals of the children are tied to it."""

    def __init__(self, plan: Plan, holder: Holder, bell: Bell, *, say: Say) -> None:
        self._plan = plan
        self._holder = holder
        self._bell = bell
        self._say = say
        self._watched: list[Watched] = []

    def run(self) -> int:
        """Until somebody wishes us to stop."""
        try:
            self._end_leftovers()
            refuse_taken(self._plan.host, self._plan.port)
            rooms, environment = self._start_services()
            self._migrate(rooms, environment)
            self._start_parts(rooms, environment)
            self._until(lambda: False, every=_REST)
        except Stopped:
            self._say("Stopping.")
        finally:
            self._end_all()
        return 0

    def _end_leftovers(self) -> None:
        for name, pid in self._holder.leftovers().items():
            end_foreign(pid, Postgres.farewell if name == Postgres.name else _END_LEFTOVER)

    def _start_services(self) -> tuple[Rooms, Mapping[str, str]]:
        """Whatever has no address given is embedded."""
        plan = self._plan
        embeds = plan.database_url is None or plan.redis_url is None
        account = unprivileged_account() if embeds else None
        rooms = furnish(plan.data_dir, account)
        database_url, redis_url = plan.database_url, plan.redis_url
        if database_url is None:
            log = rooms.logs / "postgres.log"
            postgres = Postgres(rooms.services / "pg", rooms.run, account=account, log=log)
            self._watch(postgres, rooms)
            database_url = postgres.dsn
        if redis_url is None:
            log = rooms.logs / "valkey.log"
            valkey = Valkey(rooms.services / "valkey", rooms.run, account=account, log=log)
            self._watch(valkey, rooms)
            redis_url = valkey.url
        self._until(self._all_ready)
        told = plan.environment(database_url=database_url, redis_url=redis_url)
        return rooms, {**os.environ, **told}

    def _migrate(self, rooms: Rooms, environment: Mapping[str, str]) -> None:
        log = rooms.logs / "migrate.log"
        start = log.stat().st_size if log.exists() else 0
        child = spawn(self._plan.migrate, log=log, death_signal=signal.SIGKILL, environment=environment)
        try:
            self._until(lambda: child.poll() is not None)
        finally:
            _kill(child)
        if child.returncode != 0:
            words = tail(log, since=start) or describe(child.returncode)
            raise StartError(f"The database could not be brought up to date: {words}")

    def _start_parts(self, rooms: Rooms, environment: Mapping[str, str]) -> None:
        token = self._plan.data_dir / "admin-token"
        is_first_day = not token.exists() and not self._plan.own_token
        for part in self._plan.parts:
            log = rooms.logs / f"{part.name}.log"
            self._watch(Program(part, environment=environment, log=log), rooms)
        self._until(lambda: is_answering(self._plan.host, self._plan.port), every=0.1)
        new_token = token.read_text().strip() if is_first_day and token.exists() else None
        for line in greeting(self._plan, new_token=new_token):
            self._say(line)

    def _watch(self, service: Service, rooms: Rooms) -> None:
        journal = self._journal(rooms, service.name)
        watched = Watched(service, journal, say=self._say, started=self._holder.remember)
        self._watched.append(watched)

    def _journal(self, rooms: Rooms, name: str) -> Journal:
        return Journal(rooms.logs / f"{name}.log", name=name, say=self._say)

    def _all_ready(self) -> bool:
        for watched in self._watched:
            if watched.failures >= _TRIES_AT_START:
                raise StartError(f"{watched.name} does not start. Its last words: {watched.last_words()}")
        return all(watched.is_ready for watched in self._watched)

    def _until(self, fact: Callable[[], bool], *, every: float = _STEP) -> None:
        """Keep everything running until the fact is true."""
        while True:
            if self._bell.wishes:
                raise Stopped
            for watched in self._watched:
                watched.tick()
            if fact():
                return
            self._bell.wait(every)

    def _end_all(self) -> None:
        """The last started first; a second wish to stop leaves no patience."""
        for watched in reversed(self._watched):
            watched.end(
                hurried=lambda: self._bell.wishes > 1,
                pause=lambda: self._bell.wait(_STEP),
            )
            self._holder.forget(watched.name)


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
        child.wait()
