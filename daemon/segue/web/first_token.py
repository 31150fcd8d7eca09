"""The first admin token: made once, kept in a file that only its owner reads."""

import asyncio
import os
import tempfile
from pathlib import Path

from segue.store import tokens
from segue.store.pool import Connection, Pool
from segue.web import bearer

__all__ = ["FILE_NAME", "ensure"]

FILE_NAME = "admin-token"
_NAME = "first-start"


async def ensure(pool: Pool, data_dir: Path) -> bool:
    """Make the token if nobody holds one, or make the one in the file valid in a new database.

    True when there is a new one in the file.
    """
    path = data_dir / FILE_NAME
    async with pool.connection() as c:
        await tokens.exclusively(c)
        kept = await asyncio.to_thread(_read, path)
        if kept is not None:
            await _make_valid(c, kept)
            return False
        if await tokens.has_admin(c):
            return False
        made = bearer.new()
        await _make_valid(c, made)
        await asyncio.to_thread(_write, path, made.text)
    return True


async def _make_valid(c: Connection, token: bearer.Bearer) -> None:
    """A revoked one stays revoked."""
    if await tokens.by_lookup(c, token.lookup) is None:
        secret_hash = await asyncio.to_thread(bearer.hashed, token.secret)
        name = _NAME
        while not await tokens.create(
            c, name=name, lookup=token.lookup, secret_hash=secret_hash, scopes=["admin"]
        ):
            name = f"{_NAME}-{token.lookup.lower()}"


def _read(path: Path) -> bearer.Bearer | None:
    try:
        return bearer.parse(path.read_text(encoding="utf-8").strip())
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _write(path: Path, text: str) -> None:
    """The file appears whole, readable by its owner alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".admin-token-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
