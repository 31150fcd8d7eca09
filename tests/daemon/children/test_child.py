"""A child's failures stay its own: the parent is told what happened, and the next call works."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from segue.children import (
    Child,
    ChildCrashed,
    ChildError,
    ChildGarbled,
    ChildRaised,
    ChildTimedOut,
    Limits,
    Message,
)
from tests.faults.waiting import until

HERE = Path(__file__).parent
LIMITS = Limits(start_seconds=30, memory_bytes=2**29, nice=3, idle_seconds=60)


def make(limits: Limits = LIMITS, function: str = "acts:act") -> Child:
    return Child(function, limits, search=[HERE])


async def do(child: Child, act: str, *, seconds: float = 20, **more: str) -> Message:
    return await child.call({"act": act, **more}, deadline_seconds=seconds)


@pytest.fixture
async def child() -> AsyncIterator[Child]:
    async with make() as one:
        yield one


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until_gone(pid: int) -> None:
    await until(lambda: not is_running(pid))


async def test_fields_and_bytes_come_back_as_they_went(child: Child) -> None:
    request: Message = {
        "act": "echo",
        "number": 1.5,
        "list": [1, None, "ä"],
        "audio": bytes(300_000),
        "none": b"",
    }
    assert await child.call(request, deadline_seconds=20) == request


async def test_it_runs_at_low_priority_without_our_secrets(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGUE_DATABASE_URL", "postgresql://somewhere")
    facts = await do(child, "describe")
    assert facts["pid"] == child.pid
    assert facts["nice"] == os.nice(0) + 3
    assert (facts["threads"], facts["secrets"]) == ("1", [])


async def test_stray_prints_and_reads_break_nothing(child: Child) -> None:
    assert await do(child, "chatter") == {"input": ""}
    assert await do(child, "echo") == {"act": "echo"}


async def test_an_exception_is_told_and_the_child_stays(child: Child) -> None:
    before = (await do(child, "describe"))["pid"]
    with pytest.raises(ChildRaised, match="no such thing") as caught:
        await do(child, "raise")
    assert caught.value.kind == "LookupError"
    assert "acts.py" in caught.value.trace
    assert (await do(child, "describe"))["pid"] == before


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        ("segfault", ChildCrashed, "signal 11"),
        ("exit", ChildCrashed, "exit status 3"),
        ("garbage", ChildGarbled, "header"),
        ("eat", ChildRaised, "MemoryError"),
    ],
)
async def test_after_a_fault_the_next_call_works(
    child: Child, act: str, error: type[ChildError], words: str
) -> None:
    before = (await do(child, "describe"))["pid"]
    with pytest.raises(error, match=words):
        await do(child, act)
    assert isinstance(before, int)
    await until_gone(before)
    assert (await do(child, "describe"))["pid"] != before


async def test_an_answer_that_cannot_be_sent_is_told(child: Child) -> None:
    with pytest.raises(ChildRaised, match="not JSON serializable"):
        await do(child, "unsendable")
    assert await do(child, "echo") == {"act": "echo"}


async def test_last_words_are_kept(child: Child) -> None:
    with pytest.raises(ChildCrashed) as caught:
        await do(child, "exit")
    assert caught.value.last_words == "my last words"


async def test_a_hanging_child_is_killed_at_its_deadline(child: Child) -> None:
    await do(child, "echo")
    pid = child.pid
    assert pid is not None
    started = time.monotonic()
    with pytest.raises(ChildTimedOut, match="longer than"):
        await do(child, "sleep", seconds=0.3)
    assert time.monotonic() - started < 5
    assert not is_running(pid)
    assert await do(child, "echo") == {"act": "echo"}


async def test_cancelling_a_call_kills_what_it_does(child: Child, tmp_path: Path) -> None:
    await do(child, "echo")
    pid = child.pid
    assert pid is not None
    begun = tmp_path / "begun"
    call = asyncio.create_task(do(child, "sleep", touch=str(begun)))
    await until(begun.exists)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not is_running(pid)
    assert await do(child, "echo") == {"act": "echo"}


async def test_a_child_killed_between_calls_is_replaced(child: Child) -> None:
    await do(child, "echo")
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    for _ in range(2):  # the first may meet the dying one
        try:
            assert await do(child, "echo") == {"act": "echo"}
        except ChildCrashed:
            continue


async def test_it_is_renewed_after_so_many_calls() -> None:
    async with make(replace(LIMITS, calls=2)) as child:
        pids = [(await do(child, "describe"))["pid"] for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


async def test_an_idle_child_leaves_the_memory() -> None:
    async with make(replace(LIMITS, idle_seconds=0.05)) as child:
        pid = (await do(child, "describe"))["pid"]
        assert isinstance(pid, int)
        await until_gone(pid)
        assert child.pid is None
        assert (await do(child, "describe"))["pid"] != pid


async def test_calls_wait_for_their_turn(child: Child) -> None:
    replies = await asyncio.gather(*(do(child, "echo", number=str(n)) for n in range(10)))
    assert [reply["number"] for reply in replies] == [str(n) for n in range(10)]


async def test_leaving_the_block_ends_the_child() -> None:
    async with make() as child:
        pid = (await do(child, "describe"))["pid"]
    assert isinstance(pid, int)
    assert not is_running(pid)


async def test_a_function_that_cannot_be_imported_is_told() -> None:
    async with make(function="acts:missing") as child:
        with pytest.raises(ChildRaised, match="missing"):
            await do(child, "echo")


async def test_a_start_that_takes_too_long_is_given_up() -> None:
    async with make(replace(LIMITS, start_seconds=0.001)) as child:
        with pytest.raises(ChildTimedOut):
            await do(child, "echo")


PARENT = """
import asyncio, sys
from pathlib import Path
from segue.children import Child
async def main():
    async with Child("acts:act", search=[Path(sys.argv[1])]) as child:
        facts = await child.call({"act": "describe"}, deadline_seconds=20)
        print("pid", facts["pid"], flush=True)
        await child.call({"act": "sleep"}, deadline_seconds=1000)
asyncio.run(main())
"""


async def test_a_killed_parent_leaves_no_child() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, HERE, stdout=PIPE)
    assert parent.stdout is not None
    await parent.stdout.readuntil(b"\npid ")
    pid = int(await parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    await parent.wait()
    await until_gone(pid)
