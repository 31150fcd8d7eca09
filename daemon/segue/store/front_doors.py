"""Front doors: which ports are wanted before which servers."""

from dataclasses import dataclass

from psycopg.rows import class_row

from segue.model import Listening, ServerKey
from segue.store.pool import Connection

__all__ = ["FrontDoor", "close", "list_", "open_"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """One row of front_doors."""

    server_id: ServerKey
    host: str | None
    port: int

    @property
    def listening(self) -> Listening:
        return Listening(host=self.host, port=self.port)


async def list_(c: Connection) -> list[FrontDoor]:
    """Every front door that is wanted."""
    async with c.cursor(row_factory=class_row(FrontDoor)) as cursor:
        await cursor.execute("select server_id, host, port from front_doors order by server_id")
        return await cursor.fetchall()


async def open_(c: Connection, server: ServerKey, listening: Listening) -> None:
    """Want a door before a server, here and nowhere else."""
    await c.execute(
        """insert into front_doors (server_id, host, port) values (%s, %s, %s)
           on conflict (server_id) do update set host = excluded.host, port = excluded.port""",
        (server, listening.host, listening.port),
    )


async def close(c: Connection, server: ServerKey) -> bool:
    """Want no door before a server."""
    cursor = await c.execute("delete from front_doors where server_id = %s", (server,))
    return cursor.rowcount == 1
