"""What of a server's library is not music to us: judged in the database, track by track."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.model import ServerKey, TrackId
from segue.store.pool import Connection

__all__ = ["FILTER_PARTS", "Filter", "judge", "set_filter"]

FILTER_PARTS = ("only_libraries", "exclude_paths", "exclude_genres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Only these libraries, if any are named, and neither these paths nor these genres.

    A pattern for paths, with `*` and `?`, fits one or several whole parts of a path; no case counts.
    """

    only_libraries: tuple[str, ...] = ()
    exclude_paths: tuple[str, ...] = ()
    exclude_genres: tuple[str, ...] = ()


async def set_filter(c: Connection, server: ServerKey, wanted: Filter) -> bool:
    """Have this filter from now on; everything known is judged anew. True when it is another one."""
    cursor = await c.execute(
        """update servers set only_libraries = %(libraries)s, exclude_paths = %(paths)s,
                  exclude_genres = %(genres)s
            where id = %(server)s
              and (only_libraries, exclude_paths, exclude_genres)
                  is distinct from (%(libraries)s::text[], %(paths)s::text[], %(genres)s::text[])""",
        {
            "server": server,
            "libraries": list(wanted.only_libraries),
            "paths": list(wanted.exclude_paths),
            "genres": list(wanted.exclude_genres),
        },
    )
    if cursor.rowcount == 0:
        return False
    await judge(c, server, None)
    return True


async def judge(c: Connection, server: ServerKey, ids: Sequence[TrackId] | None) -> int:
    """Exclude or take back these tracks, or all that were listed; how many changed."""
    cursor = await c.execute(_JUDGE, {"server": server, "ids": None if ids is None else list(ids)})
    return cursor.rowcount


# A path is compared with a slash at both ends, so that a pattern fits whole parts. Of the signs that
# mean something to LIKE, people's `*` and `?` become `%` and `_`, the others stand for themselves.
_JUDGE = r"""
with filter as (
    select only_libraries,
           (select array_agg('%%/' || translate(regexp_replace(btrim(pattern, '/'), '([%%_\\])', '\\\1', 'g'),
                                                '*?', '%%_') || '/%%')
              from unnest(exclude_paths) pattern) as paths,
           (select array_agg(fold(genre)) from unnest(exclude_genres) genre) as genres
      from servers
     where id = %(server)s  -- what was told just now is not excluded, and stays so without a filter
       and (%(ids)s::text[] is null or only_libraries || exclude_paths || exclude_genres <> '{}')
), judged as (
    select t.id, coalesce(
               cardinality(only_libraries) > 0 and not coalesce(t.library = any(only_libraries), false)
               or '/' || replace(coalesce(t.path, t.server_track_id), '\', '/') || '/' ilike any(paths)
               or exists (select from unnest(t.genres) genre where fold(genre) = any(filter.genres)),
               false) as excluded
      from tracks t cross join filter
     where t.server_id = %(server)s and (t.missing_since is null or t.excluded)
       and (%(ids)s::text[] is null or t.server_track_id = any(%(ids)s))
)
update tracks t
   set excluded = judged.excluded, missing_since = case when judged.excluded then now() end
  from judged where judged.id = t.id and judged.excluded <> t.excluded
"""
