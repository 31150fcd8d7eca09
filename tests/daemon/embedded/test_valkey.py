"""Our Valkey through kills and leftovers."""

import os
import signal
from pathlib import Path

import redis

from segue.embedded import Valkey, unprivileged_account


def test_what_it_was_told_survives_a_kill_and_a_leftover_is_ended(open_folder: Path) -> None:
    account = unprivileged_account()
    run = open_folder / "run with space"
    run.mkdir(mode=0o700)
    if account:
        account.take(run)
    lives = [Valkey(open_folder / "valkey", run, account=account) for _ in range(3)]
    try:
        lives[0].start()
        with redis.Redis.from_url(lives[0].url) as client:
            client.set("wake", "up")
        assert lives[0].pid is not None
        os.kill(lives[0].pid, signal.SIGKILL)
        for life in lives[1:]:
            life.start()
            with redis.Redis.from_url(life.url) as client:
                assert client.get("wake") == b"up"
                assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert lives[1].pid is None
    finally:
        for life in lives:
            life.stop()
