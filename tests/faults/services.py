"""Services of a test's own, that it may stop and restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.embedded import Valkey, unprivileged_account


@pytest.fixture
def own_valkey(services_folder: Path) -> Iterator[Valkey]:
    """A Valkey that nobody else uses."""
    run = services_folder / "own"
    run.mkdir(mode=0o700, exist_ok=True)
    account = unprivileged_account()
    if account:
        account.take(run)
    server = Valkey(services_folder / "own-valkey", run, account=account)
    server.start()
    yield server
    server.stop(seconds=5)
