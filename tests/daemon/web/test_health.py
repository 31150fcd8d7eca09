"""Health, readiness, metrics, the system page, and the pages for people."""

import re

import pytest

from segue.settings import Settings
from segue.store import copies
from segue.store.copies import Cost
from tests.daemon.web.conftest import Daemon, running, settings_for
from tests.daemon.web.music import attic, hear, song


async def test_a_whole_daemon_is_ready(daemon: Daemon) -> None:
    ready = {"status": "ok", "database": "ok", "index": "ok", "redis": "ok"}
    assert await daemon.json("GET", "/readyz", token=None) == ready
    assert await daemon.json("GET", "/healthz", token=None) == {"status": "ok"}


async def test_without_redis_it_is_degraded_but_ready(settings: Settings, database_url: str) -> None:
    lonely = settings_for(settings.data_dir, database_url, "redis://127.0.0.1:1/0")
    async with running(lonely) as daemon:
        ready = await daemon.json("GET", "/readyz")
        assert (ready["status"], ready["redis"]) == ("degraded", "unreachable")
        system = await daemon.json("GET", "/api/v1/system")
        assert system["queues"]["reachable"] is False
        await attic(daemon)
        await daemon.json("POST", "/api/v1/servers/attic/walk", status=202)
        assert (await daemon.json("GET", "/api/v1/system"))["queues"]["missed"] == 1


async def test_an_index_that_is_still_read_is_not_ready(settings: Settings) -> None:
    async with running(settings, follows=False) as daemon:
        problem = await daemon.json("GET", "/readyz", status=503)
        assert problem["faults"] == [{"where": "index", "message": "is still being read"}]
        await attic(daemon, song(1, "One"))
        problem = await daemon.json("GET", "/api/v1/similar?q=one", status=503)
        assert "index" in problem["detail"]


async def test_a_database_without_its_migrations_is_not_ready(daemon: Daemon) -> None:
    async with daemon.services.pool.connection() as c:
        await c.execute("delete from schema_migrations where number = 5")
    problem = await daemon.json("GET", "/readyz", status=503)
    assert "segue migrate" in problem["detail"]


async def look(daemon: Daemon, *, edits: int = 0, failures: int = 0, seconds: float) -> None:
    """A worker has looked at the server's playlists."""
    async with daemon.services.pool.connection() as c:
        await copies.want_look(c)
        claimed = await copies.claim(c, owner="a", seconds=30)
        assert claimed is not None
        cost = Cost(edits=edits, failures=failures, seconds=seconds)
        assert await copies.finish(c, claimed, "a", seconds=60, cost=cost)


async def test_metrics_count_what_happened(daemon: Daemon) -> None:
    await attic(daemon, song(1, "One"), song(2, "Two"))
    await hear(daemon, {"One": 0})
    await look(daemon, edits=3, seconds=0.25)
    await look(daemon, failures=1, seconds=0.5)
    await daemon.json("GET", "/api/v1/runs/7", status=404)
    await daemon.json("GET", "/no/such/place?token=secret", status=404)
    async with daemon.ask("GET", "/metrics") as reply:
        assert reply.status == 200
        assert reply.content_type == "text/plain"
        text = await reply.text()
    for line in (
        'segue_http_requests_total{method="GET",route="/api/v1/runs/{run}",status="404"} 1.0',
        'segue_http_requests_total{method="GET",route="-",status="404"} 1.0',
        'segue_recordings{state="heard"} 1.0',
        'segue_recordings{state="wanted"} 1.0',
        'segue_tracks{server="attic",state="present"} 2.0',
        'segue_playlists{server="attic",state="published"} 0.0',
        'segue_publishing_edits_total{server="attic"} 3.0',
        'segue_publishing_failures_total{server="attic"} 1.0',
        'segue_publishing_looks_total{server="attic"} 2.0',
        'segue_publishing_seconds_total{server="attic"} 0.75',
        "segue_index_recordings 1.0",
        "segue_index_ready 1.0",
        "segue_redis_reachable 1.0",
    ):
        assert line in text.splitlines()
    assert "secret" not in text
    assert "/no/such" not in text


async def test_the_system_page_tells_versions_devices_and_paths(daemon: Daemon) -> None:
    system = await daemon.json("GET", "/api/v1/system")
    assert system["versions"]["segue"]
    assert system["versions"]["python"].startswith("3.")
    assert system["devices"][0]["kind"] == "cpu"
    assert system["paths"]["data"] == str(daemon.services.settings.data_dir)
    assert system["memory_bytes"] > 10_000_000
    assert system["index"]["ready"] is True
    assert system["identity"] == daemon.services.identity


@pytest.mark.parametrize("path", ["/", "/api/v1/docs"])
async def test_pages_need_nothing_from_outside(daemon: Daemon, path: str) -> None:
    async with daemon.ask("GET", path, token=None) as reply:
        assert reply.status == 200
        assert reply.content_type == "text/html"
        policy = reply.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "http" not in policy
        page = await reply.text()
    assert not re.search(r"<script>|style=|\son\w+=|https?://(?!www\.w3\.org)", page)
    for file in re.findall(r'(?:src|href)="(/pages/[^"]+)"', page):
        async with daemon.ask("GET", file, token=None) as reply:
            assert reply.status == 200
            assert not re.search(r"https?://(?!www\.w3\.org)", await reply.text())


async def test_pages_are_sent_again_only_when_they_changed(daemon: Daemon) -> None:
    async with daemon.ask("GET", "/api/v1/openapi.json", token=None) as reply:
        tag = reply.headers["ETag"]
    headers = {"If-None-Match": tag}
    async with daemon.ask("GET", "/api/v1/openapi.json", token=None, headers=headers) as reply:
        assert reply.status == 304
        assert await reply.read() == b""


async def test_head_answers_like_get_without_a_body(daemon: Daemon) -> None:
    for path in ("/healthz", "/", "/api/v1/runs", "/api/v1/openapi.json"):
        async with daemon.ask("GET", path) as full, daemon.ask("HEAD", path) as head:
            assert head.status == full.status
            assert head.headers["Content-Length"] == str(len(await full.read()))
            assert await head.read() == b""
