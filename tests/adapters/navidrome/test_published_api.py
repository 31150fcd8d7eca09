"""What we ask and what the fake answers agree with the published description of OpenSubsonic."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator

from segue.model import Playlist
from segue.sdk.testing import World
from tests.adapters.navidrome.conftest import Connect
from tests.fakes.subsonic import PASSWORD, USER, FakeSubsonic, Seen, serving, shown
from tests.specs import published

_COMMON = {"u", "t", "s", "p", "apiKey", "v", "c", "f"}


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(published("opensubsonic-openapi.json").read_text())
    return document


def _parameters(seen: Seen) -> set[str]:
    operation = _document()["paths"][f"/rest/{seen.method}"][seen.verb.lower()]
    if seen.verb == "GET":
        return {parameter["name"] for parameter in operation["parameters"]}
    [body] = operation.get("requestBody", {"content": {"": {"schema": {}}}})["content"].values()
    return set(body["schema"].get("properties", {}))


def _problems(seen: Seen, reply: dict[str, Any]) -> list[str]:
    operation = _document()["paths"][f"/rest/{seen.method}"][seen.verb.lower()]
    answer = operation["responses"]["200"]
    if "$ref" in answer:
        answer = _document()["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]]
    if "application/json" not in answer["content"]:
        return []  # bytes; its refusals are described with none
    schema = answer["content"]["application/json"]["schema"]
    validator = OAS30Validator({"allOf": [schema], "components": _document()["components"]})
    return [f"{seen.method}: {error.json_path}: {error.message}" for error in validator.iter_errors(reply)]


async def _exercised(fake: FakeSubsonic, connected: Connect, **options: object) -> None:
    """Everything that the adapter ever asks."""
    async with connected(url=fake.url, **options) as adapter:
        a: Any = adapter
        await a.probe()
        tracks = [track async for track in a.walk()]
        await a.get(tracks[0].id)
        async with a.audio(tracks[0].id):
            pass
        made = await a.publish(Playlist(name="Mix", tracks=(tracks[0].id,)), replacing=None)
        await a.publish(Playlist(name="Mixed", tracks=(), public=True), replacing=made)
        assert [header.id async for header in a.playlists()] == [made]
        assert await a.entries(made) == []
        await a.withdraw(made)
        [user] = [user async for user in a.users()]
        assert [play async for play in a.plays(user.id, tracks[0].added_at)] == []
        fake.downloads = False
        async with a.audio(tracks[0].id):
            pass


@pytest.mark.parametrize("forms", [True, False])
async def test_requests_and_replies_are_as_published(tmp_path: Path, connected: Connect, forms: bool) -> None:
    _document()
    fake = shown(World.small(tmp_path / "music"), takes_forms=forms)
    fake.searchable = forms
    async with serving(fake):
        await _exercised(fake, connected, username=USER, password=PASSWORD)
        fake.api_key = "a-long-key"
        await _exercised(fake, connected, api_key="a-long-key")
    asked = [seen for seen in fake.requests if fake.takes_forms or seen.verb == "GET"]
    for seen in asked:
        assert set(seen.form) - _COMMON <= _parameters(seen), seen.method
    problems = [problem for seen, reply in fake.replies for problem in _problems(seen, reply)]
    assert problems == []
    assert len({seen.method for seen in asked}) >= 16
