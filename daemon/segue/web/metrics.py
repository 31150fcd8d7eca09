"""What Prometheus reads: requests seen here, and the state of the library at this moment, or lately."""

from collections.abc import Iterator
from functools import partial

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from segue.similarity import Status
from segue.store import copies, recordings, servers
from segue.web.context import Context

__all__ = ["exposition"]


async def exposition(context: Context) -> bytes:
    """The whole text."""
    gauges = [
        *await context.counted.tell(partial(_library, context)),
        *await _publishing(context),
        *_index(context),
        *await _queues(context),
    ]
    registry = CollectorRegistry()
    registry.register(_Gauges(gauges))
    return generate_latest(context.observed.registry) + generate_latest(registry)


class _Gauges(Collector):
    """Values that were read just now."""

    def __init__(self, gauges: list[Metric]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges


async def _library(context: Context) -> list[Metric]:
    """Counts of whole tables, which take a while where there are a million tracks."""
    async with context.connection() as c:
        counts = await recordings.counts(c)
        summaries = await servers.summaries(c)
        states = {server.id: server for server in await servers.list_(c)}
    heard = GaugeMetricFamily("segue_recordings", "Recordings by how far they are heard.", labels=["state"])
    for state in ("total", "heard", "wanted", "leased", "postponed", "sourceless", "failed"):
        heard.add_metric([state], getattr(counts, state))
    tracks = GaugeMetricFamily("segue_tracks", "Tracks by server.", labels=["server", "state"])
    up = GaugeMetricFamily("segue_server_connected", "1 when the server answers.", labels=["server"])
    since = GaugeMetricFamily(
        "segue_server_state_since_timestamp_seconds",
        "When the server came into the state that it is in.",
        labels=["server", "state"],
    )
    walked = GaugeMetricFamily(
        "segue_server_walked_timestamp_seconds",
        "When the last walk that ended normally began.",
        labels=["server"],
    )
    for summary in summaries:
        server = states.get(summary.server)
        if server is None:
            continue
        tracks.add_metric([server.name, "present"], summary.tracks)
        tracks.add_metric([server.name, "missing"], summary.missing)
        tracks.add_metric([server.name, "excluded"], summary.excluded)
        tracks.add_metric([server.name, "heard"], summary.heard)
        tracks.add_metric([server.name, "failed"], summary.failed)
        since.add_metric([server.name, server.state.value], server.state_since.timestamp())
        if server.last_walk_at is not None:
            walked.add_metric([server.name], server.last_walk_at.timestamp())
        up.add_metric([server.name], float(server.state == "connected"))
    return [heard, tracks, up, since, walked]


async def _publishing(context: Context) -> list[Metric]:
    async with context.connection() as c:
        figures = await copies.figures(c)
    kept = GaugeMetricFamily(
        "segue_playlists",
        "Playlists of ours by server, and lists that are filled.",
        labels=["server", "state"],
    )
    looked = GaugeMetricFamily(
        "segue_publishing_looked_timestamp_seconds",
        "When the playlists of a server were last looked at.",
        labels=["server"],
    )
    counted = {
        name: CounterMetricFamily(f"segue_publishing_{name}", told, labels=["server"])
        for name, told in _PUBLISHING.items()
    }
    for one in figures:
        for state in ("published", "waiting", "given_up"):
            kept.add_metric([one.server, state], getattr(one, state))
        for name, family in counted.items():
            family.add_metric([one.server], getattr(one, name))
        if one.looked_at is not None:
            looked.add_metric([one.server], one.looked_at.timestamp())
    return [kept, looked, *counted.values()]


_PUBLISHING = {
    "looks": "Looks at the playlists of a server.",
    "edits": "Playlists that were made, changed or withdrawn there.",
    "failures": "Looks that ended in a fault.",
    "seconds": "Time that looks took.",
}


def _index(context: Context) -> list[Metric]:
    status = context.follower.status
    behind = -1.0 if status.seconds_behind is None else status.seconds_behind
    return [
        GaugeMetricFamily("segue_index_recordings", "Recordings in the live index.", status.recordings),
        GaugeMetricFamily("segue_index_ready", "1 when queries are answered.", float(status.ready)),
        GaugeMetricFamily(
            "segue_index_seconds_behind", "Since the index was last known to equal the database.", behind
        ),
        GaugeMetricFamily(
            "segue_index_building",
            "1 while another index is built beside the one that serves.",
            float(status.building),
        ),
        GaugeMetricFamily(
            "segue_index_listed", "Recordings whose nearest are kept ready.", float(status.listed)
        ),
        GaugeMetricFamily("segue_index_refused", "Vectors without direction, left out.", status.refused),
        *_recall(status),
    ]


def _recall(status: Status) -> list[Metric]:
    """Nothing until it was measured; an index that compares everything always finds everything."""
    if status.recall is None:
        return []
    family = GaugeMetricFamily(
        "segue_index_recall", "Share of the true nearest that is found, measured on a sample.", labels=["at"]
    )
    family.add_metric(["10"], status.recall.at_10)
    family.add_metric(["50"], status.recall.at_50)
    return [family]


async def _queues(context: Context) -> list[Metric]:
    depths = await context.services.wake.queue_depth()
    reachable = GaugeMetricFamily("segue_redis_reachable", "1 when Redis answers.", float(depths is not None))
    waiting = GaugeMetricFamily("segue_wakeups_waiting", "Wake-ups on each queue.", labels=["queue"])
    for queue, depth in (depths or {}).items():
        waiting.add_metric([queue], depth)
    return [reachable, waiting]
