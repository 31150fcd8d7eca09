"""The admin API as commands see it: replies are plain values, failures are sentences."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlencode, urlsplit

from segue.cli.faults import CommandError, Exit
from segue.cli.options import read_settings

if TYPE_CHECKING:
    from segue.settings import Settings

_PREFIX = "/api/v1"
_NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on
_EXITS = {400: Exit.USAGE, 401: Exit.REFUSED, 403: Exit.REFUSED, 422: Exit.USAGE, 429: Exit.REFUSED}
_PAGE = 200

ServerSent = tuple[str, str | None, Any]
"""An event's name, its id and its data."""


class Api:
    """One daemon; a connection per request, each wait with a time limit."""

    def __init__(self, url: str, token: str | None, *, seconds: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._parts = urlsplit(self.url)
        self._token = token
        self._seconds = seconds

    def get(self, path: str, **query: object) -> Any:
        return self._ask("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        return self._ask("POST", path, body=body)

    def put(self, path: str, body: Mapping[str, object]) -> Any:
        return self._ask("PUT", path, body=body)

    def patch(self, path: str, body: Mapping[str, object]) -> Any:
        return self._ask("PATCH", path, body=body)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def items(self, path: str, *, most: int | None = None, **query: object) -> list[Any]:
        """A listing to its end, or its first `most` items."""
        found: list[Any] = []
        cursor: str | None = None
        while most is None or len(found) < most:
            wanted = _PAGE if most is None else min(_PAGE, most - len(found))
            page = self.get(path, **query, limit=wanted, cursor=cursor)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def events(self, path: str, *, last: str | None = None) -> Iterator[ServerSent]:
        """Server-sent events as they come, after the one with the id `last`, until the stream ends."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        reply = self._send("GET", path, headers=headers)
        if reply.status == 204:
            return
        if reply.status != 200:
            raise _refusal(reply, self.url)
        try:
            yield from _events(reply)
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            reply.close()

    def ready(self) -> Any:
        """What `/readyz` says; a refusal says what is missing."""
        return self._ask("GET", "/readyz", prefix="")

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        prefix: str = _PREFIX,
    ) -> Any:
        given = {name: _word(value) for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(given, doseq=True)}" if given else path
        try:
            with self._send(method, target, body=body, prefix=prefix) as reply:
                if reply.status >= 300:
                    raise _refusal(reply, self.url)
                text = reply.read()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            raise _stranger(self.url) from error

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        prefix: str = _PREFIX,
    ) -> HTTPResponse:
        sent = {"Accept": "application/json", "Connection": "close", "User-Agent": "segue", **(headers or {})}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        connection = _connection(self._parts, self._seconds)
        try:
            connection.request(method, self._parts.path + prefix + path, body=data, headers=sent)
            return connection.getresponse()
        except (OSError, HTTPException) as error:
            connection.close()
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> CommandError:
        return CommandError(
            f"No daemon answers at {self.url} ({_reason(error)}). Start one with `segue up`, or say where it "
            "is with --url or SEGUE_URL.",
            exit=Exit.UNREACHABLE,
        )


def connect(url: str | None, token: str | None, *, seconds: float = 30.0) -> Api:
    """The daemon that options, or else settings, name; it may think for so long before it answers."""
    settings = read_settings(url=url, token=token)
    address = settings.url or near_address(settings)
    if settings.token is not None:
        return Api(address, settings.token.get_secret_value(), seconds=seconds)
    return Api(address, _own_token(settings, address), seconds=seconds)


def near_address(settings: "Settings") -> str:
    """How this machine reaches the daemon of these settings."""
    host = _NEAR.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _own_token(settings: "Settings", address: str) -> str | None:
    """The token of this machine's own daemon, which is nobody else's business."""
    if urlsplit(address).hostname not in (
        "127.0.0.1",
        "::1",
        "localhost",
        urlsplit(near_address(settings)).hostname,
    ):
        raise CommandError(
            f"Which token shall be presented to {address}? Give it in SEGUE_TOKEN or with --token.",
            exit=Exit.USAGE,
        )
    if settings.admin_token is not None:
        return settings.admin_token.get_secret_value()
    path = settings.data_dir / "admin-token"
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandError(
            f"The token in {path} cannot be read ({error.strerror}). Give one in SEGUE_TOKEN.",
            exit=Exit.REFUSED,
        ) from error


def _connection(parts: SplitResult, seconds: float) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=seconds, context=ssl.create_default_context())
    return HTTPConnection(host, parts.port, timeout=seconds)


def _word(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _refusal(reply: HTTPResponse, url: str) -> CommandError:
    try:
        problem = json.loads(reply.read())
        detail = problem.get("detail") or problem["title"]
    except (ValueError, KeyError, AttributeError):
        return _stranger(url)
    return CommandError(detail, exit=_EXITS.get(reply.status, Exit.FAILED))


def _stranger(url: str) -> CommandError:
    return CommandError(
        f"What answers at {url} is not Segue. Say where it is with --url or SEGUE_URL.",
        exit=Exit.UNREACHABLE,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "the name is unknown"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return "the answer breaks off"


def _events(reply: HTTPResponse) -> Iterator[ServerSent]:
    """Whole events only; comments just keep the line open."""
    fields: dict[str, str] = {}
    while line := reply.readline():
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        name, _, value = text.partition(":")
        if text and name:
            fields[name] = value.removeprefix(" ")
        elif not text and "data" in fields:
            yield fields.get("event", "message"), fields.get("id"), json.loads(fields["data"])
            fields = {}
