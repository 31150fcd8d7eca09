"""Workers that hear: on which device, and whether they rest; each tells of itself now and then."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from segue.store.pool import Connection

__all__ = ["HearingWorker", "forget", "present", "tell"]

_SILENT_SECONDS = 150  # two heartbeats and a little


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingWorker:
    """`device` is not known before the first recording is heard; `percent` of its time it works."""

    identity: str
    device: str | None
    reason: str | None
    slots: int
    percent: int
    quiet_until: datetime | None
    seen_at: datetime


async def tell(
    c: Connection,
    identity: str,
    *,
    device: str | None,
    reason: str | None,
    slots: int,
    percent: int,
    quiet_seconds: float,
) -> None:
    """How this worker is now; what silent ones said is thrown away."""
    await c.execute(
        "delete from hearing_workers where seen_at < now() - make_interval(secs => %s)", (_SILENT_SECONDS,)
    )
    await c.execute(
        _TELL,
        {
            "identity": identity,
            "device": device,
            "reason": reason,
            "slots": slots,
            "percent": percent,
            "quiet": quiet_seconds or None,
        },
    )


async def forget(c: Connection, identity: str) -> None:
    """This worker ends."""
    await c.execute("delete from hearing_workers where identity = %s", (identity,))


async def present(c: Connection) -> list[HearingWorker]:
    """Those that told of themselves lately."""
    async with c.cursor(row_factory=class_row(HearingWorker)) as cursor:
        await cursor.execute(
            """select * from hearing_workers where seen_at >= now() - make_interval(secs => %s)
                order by identity""",
            (_SILENT_SECONDS,),
        )
        return await cursor.fetchall()


_TELL = """
insert into hearing_workers as w (identity, device, reason, slots, percent, quiet_until)
values (%(identity)s, %(device)s, %(reason)s, %(slots)s, %(percent)s,
        now() + make_interval(secs => %(quiet)s))
on conflict (identity) do update set (device, reason, slots, percent, quiet_until, seen_at) = (
    coalesce(excluded.device, w.device), coalesce(excluded.reason, w.reason), excluded.slots,
    excluded.percent, excluded.quiet_until, now())
"""
