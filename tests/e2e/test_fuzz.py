"""Thousands of odd requests to every route: the daemon stands, and each refusal is a problem document."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from segue.store import runs
from segue.web.routes import ROUTES
from tests.daemon.web.conftest import ADMIN, running, settings_for
from tests.daemon.web.music import attic, fail, hear, song

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = {"server": ["attic", "cellar"], "schedule": ["nightly"], "name": ["style.css"]}
STREAM = "/api/v1/runs/{run}/events"


@dataclass
class Seen:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    by_route: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return self.statuses.total()


@pytest.fixture
def address(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[str]:
    """A whole daemon in a process of its own, with a little music in it."""
    asyncio.run(_seed(tmp_path, database_url, redis_url))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "SEGUE_DATA_DIR": str(tmp_path),
        "SEGUE_DATABASE_URL": database_url,
        "SEGUE_REDIS_URL": redis_url,
        "SEGUE_PORT": str(port),
        "SEGUE_ADMIN_TOKEN": ADMIN,
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "segue", "serve"], env=environment, stdout=output, stderr=output
        )
    try:
        yield _when_ready(f"http://127.0.0.1:{port}", daemon, log)
    finally:
        daemon.send_signal(signal.SIGTERM)
        status = daemon.wait(20)
    told = log.read_text()
    assert status == 0, told[-3000:]
    assert "Traceback" not in told, told[-3000:]


def test_every_route_stands_a_few_odd_requests(address: str) -> None:
    seen = _fuzz(address, each=3)
    _fuzz_wildly(address, 60, seen)
    assert seen.requests >= 200
    assert len(seen.by_route) >= len(ROUTES)


SHARES = 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("share", range(SHARES))
def test_ten_thousand_odd_requests_break_nothing(address: str, share: int) -> None:
    """Each share asks its part of the routes, so that all cores help."""
    seen = _fuzz(address, each=9000 // len(ROUTES), share=share)
    _fuzz_wildly(address, 10_000 // SHARES - seen.requests, seen)
    sys.stdout.write(f"\n{seen.requests} requests: {dict(sorted(seen.statuses.items()))}\n")
    assert seen.requests >= 10_000 // SHARES


def _fuzz(address: str, *, each: int, share: int | None = None) -> Seen:
    """So many right and so many wrong requests to each route."""
    seen = Seen()
    session = requests.Session()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
        schema.hook("map_path_parameters")(_know_some)
        for number, result in enumerate(schema.get_all_operations()):
            if share is not None and number % SHARES != share:
                continue
            _fuzz_one(result.ok(), mode, each, session, seen)
    return seen


ODD_TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=30)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
HEADERS = [
    "Authorization", "Content-Type", "Host", "Origin", "Expect", "Range", "If-None-Match", "Last-Event-ID",
    "Accept", "Cookie", "X-Segue-Secret", "X-Forwarded-For", "Content-Encoding", "Upgrade",
]  # fmt: skip
WILD = st.fixed_dictionaries(
    {
        "method": st.sampled_from(METHODS),
        "route": st.sampled_from([route for route in ROUTES if not route.stream]),
        "inside": st.lists(ODD_TEXT, min_size=2, max_size=2),
        "query": ODD_TEXT,
        "headers": st.dictionaries(st.sampled_from(HEADERS), ODD_TEXT, max_size=4),
        "trusted": st.booleans(),
        "body": st.binary(max_size=200),
    }
)


def _fuzz_wildly(address: str, count: int, seen: Seen) -> None:
    """Requests that no document describes: strange methods, headers, paths and bodies."""
    count = max(count, 60)

    @hypothesis_settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(wild=WILD)
    def send(wild: dict[str, Any]) -> None:
        port = int(address.rpartition(":")[2])
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as line:
            _put(line, wild)
            reply = line.getresponse()
            body = reply.read()
        seen.statuses[reply.status] += 1
        seen.by_route["wild"] += 1
        assert reply.status < 500, body
        assert b"Traceback" not in body
        if reply.status >= 400:
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert wild["method"] == "HEAD" or json.loads(body)["status"] == reply.status

    send()


def _put(line: HTTPConnection, wild: dict[str, Any]) -> None:
    inside = iter(wild["inside"])
    path = re.sub(r"{\w+}", lambda _: quote(next(inside), safe="%", encoding="latin-1"), wild["route"].path)
    target = f"{path}?{quote(wild['query'], safe='%&=+', encoding='latin-1')}" if wild["query"] else path
    headers = dict(wild["headers"])
    if wild["trusted"]:
        headers = {
            "Host": "localhost",
            "Authorization": f"Bearer {ADMIN}",
            "Content-Type": "application/json",
        }
    headers.setdefault("Host", "localhost")
    line.putrequest(wild["method"], target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        line.putheader(name, value.encode("latin-1"))
    line.putheader("Content-Length", str(len(wild["body"])))
    line.endheaders(wild["body"])


def _fuzz_one(operation: Any, mode: GenerationMode, each: int, session: requests.Session, seen: Seen) -> None:
    if mode is GenerationMode.NEGATIVE and not _takes_anything(operation):
        return

    @hypothesis_settings(
        max_examples=each,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        reply = _send(case, session)
        seen.statuses[reply.status_code] += 1
        seen.by_route[f"{case.method} {operation.path}"] += 1

    if mode is GenerationMode.POSITIVE:
        send()
    else:
        with suppress(Unsatisfiable):  # whatever text there is, some routes take it
            send()


def _send(case: Any, session: requests.Session) -> Any:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    if case.operation.path == STREAM:
        return _open_stream(case, session, headers)
    reply = case.call(session=session, headers=headers, timeout=60)
    _judge(reply.status_code, reply.headers, reply.content)
    case.validate_response(reply, checks=CHECKS)
    return reply


def _open_stream(case: Any, session: requests.Session, headers: dict[str, str]) -> requests.Response:
    """A stream of an unfinished run has no end: its beginning is enough."""
    wanted = case.as_transport_kwargs(headers=headers)
    reply = session.request(**wanted, stream=True, timeout=60)
    with reply:
        body = next(reply.iter_content(64), b"") if reply.ok else reply.content
        _judge(reply.status_code, reply.headers, body)
    return reply


def _judge(status: int, headers: Any, body: bytes) -> None:
    assert status < 500, body
    assert b"Traceback" not in body
    if status >= 400:
        media = {name.lower(): value for name, value in headers.items()}["content-type"]
        assert "application/problem+json" in media, (status, body)


def _know_some(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Now and then a name or number that exists, so that more than refusals are tried."""
    if not path_parameters:
        return path_parameters
    for name, value in path_parameters.items():
        chance = hash(str(value)) % 3
        if chance == 0 and name in KNOWN:
            path_parameters[name] = KNOWN[name][0]
        elif chance == 0 and isinstance(value, int):
            path_parameters[name] = value % 12 + 1
    return path_parameters


def _takes_anything(operation: Any) -> bool:
    return bool(operation.path_parameters or operation.query or operation.body)


async def _seed(data_dir: Path, database_url: str, redis_url: str) -> None:
    async with running(settings_for(data_dir, database_url, redis_url)) as daemon:
        songs = [song(number, f"Song {number}", f"Artist {number % 3}") for number in range(12)]
        await attic(daemon, *songs)
        await attic(daemon, name="cellar")
        await hear(daemon, {f"Song {number}": number * 10 for number in range(8)})
        await fail(daemon, "Song 9", "The file is empty.")
        async with daemon.services.pool.connection() as c:
            for _ in range(3):
                run = await runs.create(c, "recluster")
                await runs.log(c, run, "info", "It began.")
                await runs.succeed(c, run, None, message="Done.")


def _when_ready(address: str, daemon: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and daemon.poll() is None:
        try:
            if requests.get(f"{address}/readyz", timeout=5).status_code == 200:
                return address
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
