"""One connection to MPD: greets, asks, waits for events; every wait has a limit."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from segue.sdk import AuthFailed, Malformed, Unavailable
from segue_mpd.wire import Ack, Pair, pair, read_ack, request

__all__ = ["Client", "opened"]

_CONNECT_SECONDS = 10.0
_REPLY_SECONDS = 30.0
_CLOSE_SECONDS = 2.0
_LOOK_SECONDS = 240.0  # a peer that vanished is noticed after so long
_LONGEST_LINE = 256 * 1024
_MOST_LINES = 2_000_000


class Client:
    """Asks one thing at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, seconds: float) -> None:
        self._reader = reader
        self._writer = writer
        self._seconds = seconds
        self.protocol = ""

    async def greeted(self) -> None:
        """Read MPD's greeting."""
        line = await self._line(_CONNECT_SECONDS)
        if not line.startswith("OK MPD "):
            raise Malformed("Whoever answers there does not speak MPD's protocol.", sample=line)
        self.protocol = line.removeprefix("OK MPD ")

    async def ask(self, command: str, *arguments: str) -> list[Pair]:
        """The reply to one command; Ack when MPD refuses."""
        await self._send(request(command, *arguments))
        return await self._reply()

    async def ask_all(self, commands: Sequence[tuple[str, ...]]) -> None:
        """Several commands at one go; Ack tells where MPD stopped, what came before is done."""
        lines = "".join(request(command, *arguments) for command, *arguments in commands)
        await self._send(f"command_list_begin\n{lines}command_list_end\n")
        await self._reply()

    async def events(self, *subsystems: str) -> AsyncIterator[set[str]]:
        """What changed, as often as it changes; none is lost between two looks."""
        while True:
            await self._send(" ".join(["idle", *subsystems]) + "\n")
            try:
                line = await self._line(_LOOK_SECONDS)
            except TimeoutError:
                await self._send("noidle\n")
                line = await self._line(self._seconds)
            yield {value for key, value in await self._rest(line) if key == "changed"}

    async def _send(self, text: str) -> None:
        try:
            self._writer.write(text.encode())
            async with asyncio.timeout(self._seconds):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise Unavailable("The connection to MPD broke.") from error

    async def _reply(self) -> list[Pair]:
        return await self._rest(await self._line_or_unavailable())

    async def _rest(self, line: str) -> list[Pair]:
        pairs: list[Pair] = []
        while line != "OK":
            if line.startswith("ACK"):
                raise read_ack(line)
            pairs.append(pair(line))
            if len(pairs) > _MOST_LINES:
                raise Malformed("MPD's reply does not end.")
            line = await self._line_or_unavailable()
        return pairs

    async def _line_or_unavailable(self) -> str:
        try:
            return await self._line(self._seconds)
        except TimeoutError as error:
            raise Unavailable(f"MPD has not answered for {self._seconds:.0f} s.") from error

    async def _line(self, seconds: float) -> str:
        try:
            async with asyncio.timeout(seconds):
                line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            raise Malformed("MPD sent a line without an end.") from error
        except asyncio.IncompleteReadError as error:
            raise Unavailable("MPD closed the connection.") from error
        except TimeoutError:
            raise
        except OSError as error:
            raise Unavailable("The connection to MPD broke.") from error
        try:
            return line[:-1].decode()
        except UnicodeDecodeError as error:
            raise Malformed("MPD sent bytes that are no text.", sample=repr(line[:200])) from error


@asynccontextmanager
async def opened(
    host: str, port: int, password: str | None, *, seconds: float = _REPLY_SECONDS
) -> AsyncIterator[Client]:
    """A connection that has been greeted and let in."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await _connect(host, port)
    except TimeoutError as error:
        raise Unavailable(f"MPD at {_where(host, port)} did not answer.") from error
    except OSError as error:
        raise Unavailable(f"MPD at {_where(host, port)} cannot be reached: {_cause(error)}.") from error
    try:
        client = Client(reader, writer, seconds=seconds)
        try:
            await client.greeted()
        except TimeoutError as error:
            raise Unavailable(f"{_where(host, port)} does not greet as MPD does.") from error
        if password is not None:
            await _let_in(client, password)
        yield client
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await writer.wait_closed()


async def _let_in(client: Client, password: str) -> None:
    try:
        await client.ask("password", password)
    except Ack as ack:
        raise AuthFailed("MPD does not accept the password.") from ack


async def _connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if host.startswith("/"):
        return await asyncio.open_unix_connection(host, limit=_LONGEST_LINE)
    if host.startswith("@"):
        return await asyncio.open_unix_connection("\0" + host[1:], limit=_LONGEST_LINE)
    return await asyncio.open_connection(host, port, limit=_LONGEST_LINE)


def _cause(error: OSError) -> str:
    """asyncio puts the address where the system's words were."""
    if error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)


def _where(host: str, port: int) -> str:
    return host if host.startswith(("/", "@")) else f"{host}:{port}"
