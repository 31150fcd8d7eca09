"""Set-up of logging to standard error, and redaction: no secret leaves through a log line."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Protocol, TextIO

import structlog

HIDDEN = "[hidden]"

_SECRET_KEY = re.compile(
    r"token|secret|passw|passphrase|authori[sz]ation|cookie|api[_-]?key|credential|private[_-]?key|sealed"
    r"|(^|_)(auth|dsn|pw|pass|pwd)$|^(database|redis)_url$",
    re.IGNORECASE,
)
_OUR_TOKEN = re.compile(r"segue_[A-Za-z0-9]+_[A-Za-z0-9_-]+")
_CREDENTIALS = re.compile(r"\b(bearer|basic|digest|negotiate)\s+[^\s\"',;]+", re.IGNORECASE)
_URL = re.compile(r"\b(?P<scheme>[a-z][a-z0-9+.-]{1,20})://(?P<rest>[^\s\"'<>]*)", re.IGNORECASE)
_QUERY = re.compile(r"(?P<path>/[^\s\"'<>?]*)\?[^\s\"'<>]*|\?[^\s\"'<>?]*=[^\s\"'<>]*")
_NAMED = re.compile(
    r"""(?P<name>["']?[\w-]*(?:token|secret|passw(?:or)?d|authori[sz]ation|cookie|api[_-]?key)[\w-]*["']?"""
    r"""\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&)\]}]+)""",
    re.IGNORECASE,
)
_CHATTY = ("aiohttp.access", "arq", "asyncio", "watchfiles")


class Wanted(Protocol):
    """The settings that shape log lines."""

    @property
    def log_level(self) -> str: ...

    @property
    def log_format(self) -> str: ...


def configure(wanted: Wanted, *, stream: TextIO | None = None) -> None:
    """Send every log line of this process, ours and the libraries', to `stream` (standard error)."""
    output = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(output)
    handler.setFormatter(_formatter(wanted.log_format, terminal=output.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(wanted.log_level.upper())
    for name in _CHATTY:
        quiet = logging.WARNING if root.level > logging.DEBUG else logging.DEBUG
        logging.getLogger(name).setLevel(max(quiet, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _log_uncaught


def redact(value: object, *, key: str = "") -> object:
    """The value as a log line may show it; `key` is the name it stands under."""
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_KEY.search(key):
        return HIDDEN
    match value:
        case int() | float():
            shown: object = value
        case Mapping():
            shown = {redact_text(str(name)): redact(one, key=str(name)) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            shown = [redact(one) for one in value]
        case bytes() | bytearray():
            shown = f"[{len(value)} bytes]"
        case _:
            shown = redact_text(str(value))
    return shown


def redact_text(text: str) -> str:
    """Text without tokens of ours, credentials, and user information and queries of addresses."""
    text = _OUR_TOKEN.sub(HIDDEN, text)
    text = _CREDENTIALS.sub(lambda match: f"{match[1]} {HIDDEN}", text)
    text = _URL.sub(lambda match: f"{match['scheme']}://{_bare(match['rest'])}", text)
    text = _QUERY.sub(lambda match: match["path"] or "", text)
    return _NAMED.sub(lambda match: match["name"] + HIDDEN, text)


def _bare(address: str) -> str:
    """Host and path; a password may hold any character, so when in doubt nothing is left."""
    before, at, after = address.rpartition("@")
    if at and any(mark in before for mark in "?#"):
        return HIDDEN
    return re.split("[?#]", after, maxsplit=1)[0]


def _formatter(form: str, *, terminal: bool) -> logging.Formatter:
    for_people = form == "console" or (form == "auto" and terminal)
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if for_people:
        renderer = structlog.dev.ConsoleRenderer(
            colors=terminal, exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact_event,
            renderer,
        ],
        foreign_pre_chain=[structlog.contextvars.merge_contextvars],
    )


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends the process goes through redaction as well."""
    reason = f"{kind.__name__}: {error}"
    structlog.get_logger("segue").critical("process_crashed", reason=reason, exc_info=(kind, error, trace))


def _redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {name: redact(value, key=name) for name, value in event.items()}
