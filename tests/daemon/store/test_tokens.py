"""Tokens: names are free again after a revocation, and use is noted sparingly."""

from segue.store import tokens
from segue.store.pool import Pool


async def _make(
    pool: Pool, name: str, lookup: str, scopes: tuple[str, ...] = ("read",)
) -> tokens.Token | None:
    async with pool.connection() as c:
        return await tokens.create(c, name=name, lookup=lookup, secret_hash="hash", scopes=scopes)


async def test_a_name_is_taken_until_its_token_is_revoked(pool: Pool) -> None:
    first = await _make(pool, "phone", "a")
    assert first is not None
    assert await _make(pool, "phone", "b") is None
    async with pool.connection() as c:
        assert await tokens.revoke(c, first.id)
        assert not await tokens.revoke(c, first.id)
    second = await _make(pool, "phone", "b")
    assert second is not None
    async with pool.connection() as c:
        assert [token.id for token in await tokens.list_(c)] == [second.id]
        found = await tokens.by_lookup(c, "a")
    assert found is not None
    assert found.revoked_at is not None


async def test_the_list_goes_on_where_the_page_before_ended(pool: Pool) -> None:
    made = [await _make(pool, f"t{number}", f"l{number}") for number in range(5)]
    ids = [token.id for token in made if token]
    async with pool.connection() as c:
        first = await tokens.list_(c, limit=3)
        rest = await tokens.list_(c, before=first[-1].id, limit=3)
    assert [token.id for token in [*first, *rest]] == ids[::-1]


async def test_only_a_valid_admin_token_counts(pool: Pool) -> None:
    async with pool.connection() as c:
        assert not await tokens.has_admin(c)
    await _make(pool, "reader", "a")
    admin = await _make(pool, "boss", "b", ("admin", "read"))
    assert admin is not None
    assert admin.scopes == {"admin", "read"}
    async with pool.connection() as c:
        assert await tokens.has_admin(c)
        await tokens.revoke(c, admin.id)
        assert not await tokens.has_admin(c)


async def test_use_is_noted_once_a_minute(pool: Pool) -> None:
    token = await _make(pool, "phone", "a")
    assert token is not None
    seen = []
    for _ in range(2):
        async with pool.connection() as c:
            await tokens.used(c, token.id)
            found = await tokens.get(c, token.id)
        assert found is not None
        seen.append(found.last_used_at)
    assert seen[0] is not None
    assert seen[0] == seen[1]
