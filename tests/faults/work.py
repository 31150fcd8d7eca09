"""Many wanted songs and runs, and a note of every effect that work on them has."""

from pathlib import Path

from segue.store.pool import Pool
from tests.daemon.store_recordings.rows import add_server
from tests.faults.waiting import until


async def fill(pool: Pool, folder: Path, *, songs: int, runs: int) -> None:
    """Songs on the shelf that want to be heard, and runs of kind `walk`."""
    _write_songs(folder, songs)
    async with pool.connection() as c:
        server = await add_server(c)
        await c.execute(_EFFECTS.encode())
        await c.execute(_SONGS, [songs, server])
        await c.execute("insert into runs (kind) select 'walk' from generate_series(1, %s)", [runs])


async def until_all_runs_ended(pool: Pool) -> None:
    """Wait for it, up to a minute."""

    async def all_ended() -> bool:
        return await number(pool, "select count(*) from runs where finished_at is null") == 0

    await until(all_ended, seconds=60, every=0.1)


async def number(pool: Pool, statement: str) -> int:
    """What a statement gives."""
    async with pool.connection() as c:
        row = await (await c.execute(statement.encode())).fetchone()
    assert row is not None
    return int(row[0])


def _write_songs(folder: Path, count: int) -> None:
    folder.mkdir()
    for song in range(count):
        (folder / f"{song}.ogg").write_text(f"song {song}")


_EFFECTS = """
create table effects (recording_id bigint not null, at timestamptz not null default clock_timestamp());
create function note_effect() returns trigger language plpgsql as $$
begin
    insert into effects (recording_id) values (new.recording_id);
    return new;
end $$;
create trigger note_effect after insert or update on analyses for each row execute function note_effect();
"""
_SONGS = """
with numbers as (
    select number from generate_series(0, %s - 1) as number
), made as (
    insert into recordings (content_key, wanted, wanted_at)
    select number::text, 'fast', now() from numbers returning id, content_key
)
insert into tracks (server_id, server_track_id, recording_id, revision, title)
select %s, content_key || '.ogg', id, '1', content_key from made
"""
