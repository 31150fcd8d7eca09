"""The server's command line, where it tells of scans: lines of words, percent-encoded."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote, unquote

from segue.sdk import AuthFailed, Malformed, Unavailable

__all__ = ["CommandLine", "opened"]

_CONNECT_SECONDS = 5.0
_REPLY_SECONDS = 30.0
_LONGEST_LINE = 1024 * 1024


class CommandLine:
    """One connection that was let in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *words: str) -> None:
        try:
            self._writer.write((" ".join(quote(word, safe=",") for word in words) + "\n").encode())
            async with asyncio.timeout(_REPLY_SECONDS):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise Unavailable("The connection to Lyrion's command line broke.") from error

    async def hear(self, seconds: float) -> Sequence[str] | None:
        """The words of the next line; None when none came in time."""
        try:
            async with asyncio.timeout(seconds):
                line = await self._reader.readuntil(b"\n")
        except TimeoutError:
            return None
        except asyncio.LimitOverrunError as error:
            raise Malformed("Lyrion's command line sent a line without an end.") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise Unavailable("Lyrion closed its command line.") from error
        return [unquote(word) for word in line.decode("utf-8", "replace").split()]


@asynccontextmanager
async def opened(
    host: str, port: int, username: str | None, password: str | None
) -> AsyncIterator[CommandLine]:
    """A connection for as long as the block lasts."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, limit=_LONGEST_LINE)
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"Lyrion's command line at {host}:{port} cannot be reached.") from error
    try:
        line = CommandLine(reader, writer)
        if username is not None:
            await _let_in(line, username, password or "")
        yield line
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CONNECT_SECONDS):
                await writer.wait_closed()


async def _let_in(line: CommandLine, username: str, password: str) -> None:
    """A wrong password makes the server hang up."""
    await line.say("login", username, password)
    try:
        answer = await line.hear(_REPLY_SECONDS)
    except Unavailable as error:
        raise AuthFailed("Lyrion's command line does not accept the name and password.") from error
    if answer is None:
        raise Unavailable("Lyrion's command line does not answer.")
