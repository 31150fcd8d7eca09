"""Setting the Webhook plugin up: step by step, once, and without a restart or a loss."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.sdk import SetsUpWebhooks, Unsupported
from segue.sdk.testing import World
from segue_jellyfin.provisioning import with_entry
from tests.adapters.jellyfin.conftest import Connect
from tests.fakes.jellyfin import KEY, serving, shown

ADDRESS = "http://segue.home:4711/hooks/attic"


async def test_the_plugin_is_installed_and_told_of_us(tmp_path: Path, connected: Connect) -> None:
    fake = shown(World.small(tmp_path / "music"))
    async with serving(fake), connected(url=fake.url, api_key=KEY) as adapter:
        assert isinstance(adapter, SetsUpWebhooks)
        assert "Restart Jellyfin" in await adapter.set_up_webhook(ADDRESS, "hush")
        assert "Restart Jellyfin" in await adapter.set_up_webhook(ADDRESS, "hush")
        assert fake.webhook_plugin is not None
        fake.webhook_plugin["Status"] = "Active"
        theirs = {"WebhookName": "Other", "WebhookUri": "http://other/hooks/attic", "Template": "e30="}
        fake.webhook_plugin["_kept"] = {"ServerUrl": "http://attic", "GenericOptions": [theirs]}
        assert "from now on" in await adapter.set_up_webhook(ADDRESS, "hush")
        assert "already" in await adapter.set_up_webhook(ADDRESS, "hush")
        assert "from now on" in await adapter.set_up_webhook(ADDRESS, "another")
        kept = fake.webhook_plugin["_kept"]
    assert (kept["ServerUrl"], kept["GenericOptions"][0]) == ("http://attic", theirs)
    [ours] = kept["GenericOptions"][1:]
    assert (ours["WebhookUri"], ours["EnableSongs"], ours["EnableAlbums"]) == (ADDRESS, True, False)
    assert {"Key": "X-Segue-Secret", "Value": "another"} in ours["Headers"]
    assert not [seen for seen in fake.requests if seen.path.startswith("/System/Restart")]


async def test_a_plugin_that_does_not_run_is_told(tmp_path: Path, connected: Connect) -> None:
    fake = shown(World.small(tmp_path / "music"))
    fake.webhook_plugin = {"Status": "NotSupported"}
    fake.add_user("joe", "pw")
    async with serving(fake):
        async with connected(url=fake.url, api_key=KEY) as adapter:
            assert isinstance(adapter, SetsUpWebhooks)
            with pytest.raises(Unsupported, match="it is NotSupported"):
                await adapter.set_up_webhook(ADDRESS, "hush")
        async with connected(url=fake.url, username="joe", password="pw") as adapter:
            assert isinstance(adapter, SetsUpWebhooks)
            with pytest.raises(Unsupported, match="Only an administrator"):
                await adapter.set_up_webhook(ADDRESS, "hush")


ENTRY = st.fixed_dictionaries(
    {"WebhookUri": st.sampled_from([ADDRESS, "HTTP://SEGUE.home:4711/hooks/attic/", "http://x", None, 5])},
    optional={"Template": st.text(max_size=3), "Fields": st.just([])},
)


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@UNHURRIED
@given(st.dictionaries(st.sampled_from(["ServerUrl", "x"]), st.text(max_size=3)), st.lists(ENTRY, max_size=4))
def test_nobody_elses_entry_is_lost_and_ours_is_there_once(kept: dict[str, Any], entries: list[Any]) -> None:
    before = {**kept, "GenericOptions": entries}
    after = with_entry(before, ADDRESS, "hush")
    assert with_entry(after, ADDRESS, "hush") == after
    assert {key: value for key, value in after.items() if key != "GenericOptions"} == kept
    others = [one for one in entries if one["WebhookUri"] in ("http://x", None, 5)]
    assert [one for one in after["GenericOptions"] if one["WebhookUri"] != ADDRESS] == others
    assert len(after["GenericOptions"]) == len(others) + 1
