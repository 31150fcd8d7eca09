"""Adding a server: found by its kind, told in plain words what is wrong, and tried out with the options of
the command line, which are all text."""

from pathlib import Path
from typing import Any

import pytest

from segue.registry.configured import ConfigError, checked, plugin_for
from segue.registry.plugins import find_plugins
from segue.registry.registry import Registry
from segue.sdk import AuthFailed, Unavailable
from segue.sdk.testing import World
from tests.adapters.mediabrowser.conftest import shown
from tests.fakes.mediabrowser import KEY, USER, serving

KINDS = ["jellyfin", "emby"]
ALL = ("watches", "receives_webhooks", "catches_up", "publishes", "reads_playlists", "keeps_history")


def _registry(folder: Path) -> Registry:
    return Registry(pool=None, vault=None, scratch=folder, plugins=find_plugins())  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_is_tried_out(tmp_path: Path, kind: str) -> None:
    world = World.small(tmp_path / "music")
    fake = shown(kind, world)
    options: dict[str, Any] = {
        "api_key": KEY, "username": USER, "path": str(world.root), "poll_seconds": "2.5",
    }  # fmt: skip
    if kind == "jellyfin":
        options["quick_connect"] = "true"
    async with serving(fake):
        info, can = await _registry(tmp_path).try_out(kind, {"url": fake.url, **options})
        assert (info.product.lower(), info.tracks, info.warnings) == (kind, 7, ())
        assert set(ALL) <= set(can)
        with pytest.raises(AuthFailed, match="does not accept the API key"):
            await _registry(tmp_path).try_out(kind, {"url": fake.url, **options, "api_key": "wrong"})
    with pytest.raises(Unavailable, match="cannot be reached"):
        await _registry(tmp_path).try_out(kind, {"url": fake.url, **options})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_key": "k"}, "`url` is missing."),
        ({"url": "http://nas", "apikey": "k"}, "did you mean `api_key`?"),
        ({"url": "http://nas"}, "give an `api_key`, or `username` and `password`."),
        ({"url": "http://nas", "password": "se:cret"}, "a `password` needs its `username`."),
        ({"url": "ftp://nas", "api_key": "k"}, "`url` "),
        ({"url": "http://nas", "api_key": "k", "path": "music"}, "must be a whole path"),
    ],
)
def test_what_is_wrong_is_told_plainly(kind: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as told:
        checked(plugin_for(find_plugins(), kind), options)
    assert words in str(told.value)
    assert "se:cret" not in str(told.value)
