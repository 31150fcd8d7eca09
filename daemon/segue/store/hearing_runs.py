"""The one open run of kind `analyse`: opened when something is wanted, closed when nothing is.

It is shared by all workers and has no lease; what is counted in it is what recordings' own
leases allowed to be kept. Whoever needs this run's row and rows of recordings takes the run
first, as `store.runs.cancel` does, so that nobody waits in a circle.
"""

from psycopg.rows import scalar_row

from segue.model import Quality, RecordingId, RunId, ServerKey
from segue.store.pool import Connection

__all__ = ["awaited", "close", "is_small", "join", "name", "next_look", "recount"]


async def join(c: Connection) -> RunId | None:
    """The open run, held until the transaction's end; None when nothing is wanted."""
    cursor = c.cursor(row_factory=scalar_row)
    for statement in (_HOLD, _OPEN, _HOLD):  # another process may open it between
        await cursor.execute(statement)
        run = await cursor.fetchone()
        if run is not None:
            return RunId(run)
    return None


async def recount(c: Connection, run: RunId, target: Quality) -> None:
    """Tell how many hearings are left now; one below the target leaves another to come."""
    await c.execute(_RECOUNT, {"run": run, "target": target.value})


async def is_small(c: Connection, target: Quality, *, most: int) -> bool:
    """Whether no more than these are wanted below the target: a first pass would hardly save time."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_BELOW, {"target": target.value, "limit": most + 1})
    return int(await cursor.fetchone() or 0) <= most


async def name(c: Connection, recording: RecordingId) -> str:
    """What people call a recording: its file's name, else its title."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_NAME, {"recording": recording})
    return str(await cursor.fetchone() or f"Recording {recording}")


async def close(c: Connection) -> RunId | None:
    """End the open run if nothing is wanted or in work any more."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_CLOSE)
    run = await cursor.fetchone()
    return None if run is None else RunId(run)


async def awaited(c: Connection) -> list[ServerKey]:
    """Servers that cannot be reached and have something to hear."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_AWAITED)
    return [ServerKey(server) for server in await cursor.fetchall()]


async def next_look(c: Connection) -> float | None:
    """Seconds until a recording that waits or is in work can be claimed; None when there is none."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_NEXT_LOOK)
    seconds = await cursor.fetchone()
    return None if seconds is None else max(0.0, float(seconds))


_WANTED = """recordings r where r.wanted is not null
    and exists (select from tracks t join servers s on s.id = t.server_id
        where t.recording_id = r.id and t.missing_since is null and not s.withdrawn)"""

_HOLD = "select id from runs where kind = 'analyse' and finished_at is null for update"

_OPEN = f"""
insert into runs (kind, state, started_at, total)
select 'analyse', 'STARTED', now(), wanted.number
from (select count(*) as number from {_WANTED}) wanted
where wanted.number > 0
on conflict do nothing
returning id
"""

_RECOUNT = f"""
update runs set
    state = case state when 'PENDING' then 'STARTED' else state end,
    started_at = coalesce(started_at, now()),
    total = done + failed + (
        select count(*) + count(*) filter (where r.wanted < %(target)s::quality) from {_WANTED}),
    updated_at = now()
where id = %(run)s and finished_at is null
"""

_BELOW = f"""
select count(*) from (
    select from {_WANTED} and r.wanted < %(target)s::quality limit %(limit)s) few
"""

_NAME = r"""
select coalesce(nullif(regexp_replace(path, '^.*[/\\]', ''), ''), nullif(title, '')) from tracks
where recording_id = %(recording)s order by missing_since is not null, path is null, id limit 1
"""

_CLOSE = f"""
update runs set
    state = 'SUCCESS',
    total = done + failed,
    message = case failed when 0 then done || ' heard.'
        else done || ' heard, ' || failed || ' could not be heard.' end,
    started_at = coalesce(started_at, now()),
    finished_at = now(),
    updated_at = now()
where kind = 'analyse' and finished_at is null and not exists (select from {_WANTED})
returning id
"""

_NEXT_LOOK = f"""
select extract(epoch from min(greatest(r.not_before, r.lease_until)) - clock_timestamp())
from {_WANTED} and coalesce(r.not_before, r.lease_until) is not null
"""

_AWAITED = """
select id from servers s
where state = 'lost' and not withdrawn and exists (
    select from tracks t join recordings r on r.id = t.recording_id
    where t.server_id = s.id and t.missing_since is null and r.wanted is not null)
order by id
"""
