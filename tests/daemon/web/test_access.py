"""Who may enter, and with what."""

import asyncio
import os
import re
import stat
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from segue.settings import Settings
from segue.store import tokens
from segue.store.pool import Pool
from segue.web import bearer, first_token
from segue.web.errors import UNAUTHORISED, Refusal
from segue.web.keeper import Keeper
from segue.web.routes import ROUTES
from segue.web.routing import Route, Scope
from tests.daemon.web.conftest import ADMIN, Daemon, running, settings_for


def test_a_token_reads_back_and_nothing_else_does() -> None:
    made = bearer.new()
    assert re.fullmatch(r"segue_[A-Za-z0-9]{10}_[A-Za-z0-9]{43}", made.text)
    assert bearer.parse(made.text) == made
    for text in (
        "",
        "segue_",
        made.text[:-1],
        made.text + "a",
        made.text + "\n",
        made.text.upper(),
        "ſ" * 60,
    ):
        assert bearer.parse(text) is None
    assert made.secret not in repr(made)


def test_a_hash_fits_its_own_secret_only() -> None:
    kept = bearer.hashed("one")
    assert kept.startswith("$argon2id$")
    assert bearer.fits("one", kept)
    assert not bearer.fits("two", kept)
    assert not bearer.fits("one", "no hash")


async def test_without_a_right_token_every_route_with_a_scope_is_closed(daemon: Daemon) -> None:
    closed = [route for route in ROUTES if route.scope is not None]
    assert len(closed) > 20
    for route in closed:
        for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer "}):
            async with daemon.ask(route.method, _path(route), token=None, headers=headers) as reply:
                assert reply.status == 401, route.path
                assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_scopes_open_what_they_say(daemon: Daemon) -> None:
    for scope in Scope:
        token = await daemon.token(scope.value, name=scope.value)
        for route in ROUTES:
            if route.scope is None:
                continue
            allowed = route.scope in scope.includes
            if allowed and route.method != "GET":
                continue  # what they change is another test's subject
            async with daemon.ask(route.method, _path(route), token=token) as reply:
                assert (reply.status == 403) is not allowed, f"{scope}: {route.method} {route.path}"


async def test_a_token_in_the_address_opens_nothing(daemon: Daemon) -> None:
    for query in (f"?token={ADMIN}", f"?access_token={ADMIN}"):
        async with daemon.ask("GET", f"/api/v1/runs{query}", token=None) as reply:
            assert reply.status == 401


async def test_a_revoked_token_ends_at_once(daemon: Daemon) -> None:
    token = await daemon.token("read")
    await daemon.json("GET", "/api/v1/runs", token=token)
    [listed] = (await daemon.json("GET", "/api/v1/tokens"))["items"]
    assert listed["name"] == "test"
    assert "token" not in listed
    await daemon.json("DELETE", f"/api/v1/tokens/{listed['id']}", status=204)
    await daemon.json("GET", "/api/v1/runs", token=token, status=401)
    assert (await daemon.json("GET", "/api/v1/tokens"))["items"] == []
    await daemon.token("read")


async def test_a_token_revoked_elsewhere_ends_within_seconds(pool: Pool) -> None:
    made, clock = bearer.new(), [0.0]
    async with pool.connection() as c:
        token = await tokens.create(
            c, name="phone", lookup=made.lookup, secret_hash=bearer.hashed(made.secret), scopes=["read"]
        )
    assert token is not None
    keeper = Keeper(pool, admin_token=None, clock=lambda: clock[0])
    header = f"Bearer {made.text}"
    assert (await keeper.admit(header, address="10.0.0.1", scope=Scope.PLAY)).name == "phone"
    async with pool.connection() as c:
        await tokens.revoke(c, token.id)
    clock[0] = 5.5
    with pytest.raises(Refusal) as refused:
        await keeper.admit(header, address="10.0.0.1", scope=Scope.PLAY)
    assert refused.value.kind is UNAUTHORISED


async def test_names_of_tokens_are_unique(daemon: Daemon) -> None:
    await daemon.token("read", name="phone")
    body = {"name": "phone", "scopes": ["read"]}
    problem = await daemon.json("POST", "/api/v1/tokens", status=409, json=body)
    assert "name" in problem["detail"]


async def test_guessing_is_slowed_down_but_valid_tokens_are_not(daemon: Daemon) -> None:
    known = await daemon.token("read")
    await daemon.json("GET", "/api/v1/runs", token=known)
    wrong = bearer.new().text
    statuses = []
    for _ in range(25):
        async with daemon.ask("GET", "/api/v1/runs", token=wrong) as reply:
            statuses.append(reply.status)
    assert statuses == [401] * 20 + [429] * 5
    async with daemon.ask("GET", "/api/v1/runs", token=wrong) as reply:
        assert 1 <= int(reply.headers["Retry-After"]) <= 6
    await daemon.json("GET", "/api/v1/runs", token=known)
    await daemon.json("GET", "/api/v1/runs", token=ADMIN)


async def test_many_guesses_at_once_count_too(daemon: Daemon) -> None:
    lookup = bearer.parse(await daemon.token("read"))
    assert lookup is not None

    async def guess() -> int:
        token = bearer.Bearer(lookup.lookup, bearer.new().secret).text
        async with daemon.ask("GET", "/api/v1/runs", token=token) as reply:
            return reply.status

    statuses = await asyncio.gather(*(guess() for _ in range(40)))
    assert sorted(set(statuses)) == [401, 429]
    assert statuses.count(401) == 20


async def test_a_known_token_costs_no_hashing(daemon: Daemon) -> None:
    token = await daemon.token("read")
    await daemon.json("GET", "/api/v1/schedules", token=token)
    began = time.process_time()
    for _ in range(20):
        await daemon.json("GET", "/api/v1/schedules", token=token)
    assert (time.process_time() - began) / 20 < 0.02


async def test_odd_headers_are_refused_like_any_other(daemon: Daemon) -> None:
    for odd in ("Bearer \x80\xff", "bearer x", "Bearer " + "x" * 5000, "Bearer a b c"):
        async with daemon.ask("GET", "/api/v1/runs", token=None, headers={"Authorization": odd}) as reply:
            assert reply.status == 401


async def test_the_first_token_is_made_once_and_for_us_alone(pool: Pool, tmp_path: Path) -> None:
    assert await first_token.ensure(pool, tmp_path)
    path = tmp_path / first_token.FILE_NAME
    kept = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not await first_token.ensure(pool, tmp_path)
    assert path.read_text() == kept
    assert await asyncio.to_thread(os.listdir, tmp_path) == [first_token.FILE_NAME]


async def test_daemons_that_start_together_make_one_first_token(pool: Pool, tmp_path: Path) -> None:
    made = await asyncio.gather(*(first_token.ensure(pool, tmp_path) for _ in range(5)))
    assert sum(made) == 1
    async with pool.connection() as c:
        assert len(await tokens.list_(c)) == 1


async def test_a_kept_first_token_opens_a_new_database(pool: Pool, tmp_path: Path) -> None:
    kept = bearer.new()
    (tmp_path / first_token.FILE_NAME).write_text(kept.text + "\n")
    assert not await first_token.ensure(pool, tmp_path)
    async with pool.connection() as c:
        token = await tokens.by_lookup(c, kept.lookup)
    assert token is not None
    assert bearer.fits(kept.secret, token.secret_hash)


async def test_a_revoked_first_token_stays_revoked(pool: Pool, tmp_path: Path) -> None:
    await first_token.ensure(pool, tmp_path)
    async with pool.connection() as c:
        [token] = await tokens.list_(c)
        await tokens.revoke(c, token.id)
    assert not await first_token.ensure(pool, tmp_path)
    async with pool.connection() as c:
        assert not await tokens.has_admin(c)


async def test_a_daemon_without_a_token_in_its_settings_makes_one(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    async with running(settings_for(tmp_path, database_url, redis_url, admin_token=None)) as daemon:
        token = (tmp_path / first_token.FILE_NAME).read_text().strip()
        await daemon.json("GET", "/api/v1/tokens", token=token)
        await daemon.json("GET", "/api/v1/tokens", token=ADMIN, status=401)


async def test_a_token_from_the_settings_stands_alone(settings: Settings) -> None:
    assert settings.admin_token == SecretStr(ADMIN)
    async with running(settings) as daemon:
        assert (await daemon.json("GET", "/api/v1/tokens"))["items"] == []
        assert not (settings.data_dir / first_token.FILE_NAME).exists()


def _path(route: Route) -> str:
    return re.sub(r"{\w+}", "1", route.path)
