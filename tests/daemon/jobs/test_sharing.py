"""One child runs the network for all that decode; whatever becomes of it, every recording is heard alike."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

import tests.daemon.analysis
from segue.analysis.cuda import cuda_installed
from segue.analysis.wire import reply_to_analysis, request_for
from segue.children import Child, Limits, Message
from segue.jobs.sharing import Offer, SharedNetwork
from segue.model import Analysis, Quality
from tests.daemon.analysis.sounds import song, write_wav
from tests.faults.waiting import until

LIMITS = Limits(nice=0, memory_bytes=0)
HERE = tuple(Path(path) for path in tests.daemon.analysis.__path__)
SONGS = 3


@asynccontextmanager
async def shared(
    function: str | None, *, limits: Limits = LIMITS, again_seconds: float = 0.0
) -> AsyncIterator[SharedNetwork]:
    network = SharedNetwork(function, limits, search=HERE, again_seconds=again_seconds)
    try:
        yield network
    finally:
        await network.stop()


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("songs")
    return [write_wav(folder / f"{seed}.wav", song(seconds=60, seed=seed)) for seed in range(SONGS)]


async def hear(network: SharedNetwork, path: Path, child: Child) -> tuple[Message, Offer | None]:
    async with network.offered() as offer:
        request = request_for(str(path), quality=Quality.FULL, network=offer)
        reply = await child.call(request, deadline_seconds=120)
        await network.note(offer, reply)
        return reply, offer


async def hear_all(network: SharedNetwork, songs: list[Path]) -> list[Message]:
    """At one time, each in a child of its own."""
    async with AsyncExitStack() as stack:
        children = [
            await stack.enter_async_context(Child("segue.analysis.child:hear", LIMITS)) for _ in songs
        ]
        heard = await asyncio.gather(*map(hear, [network] * len(songs), songs, children))
    return [reply for reply, _ in heard]


async def alone(songs: list[Path]) -> list[Analysis]:
    """As without a network to share."""
    async with shared(None) as nothing:
        return [reply_to_analysis(dict(reply)) for reply in await hear_all(nothing, songs)]


def assert_alike(replies: list[Message], expected: list[Analysis]) -> None:
    for reply, analysis in zip(replies, expected, strict=True):
        found = reply_to_analysis(dict(reply))
        assert found.patches == analysis.patches
        assert found.descriptors == analysis.descriptors
        for name in ("embedding", "tags", "features_mean", "features_std"):
            np.testing.assert_allclose(getattr(found, name), getattr(analysis, name), atol=1e-4, rtol=1e-3)


async def state(network: SharedNetwork) -> Offer:
    async with network.offered() as offer:
        assert offer is not None
        return offer


async def test_recordings_are_heard_through_it_as_alone(songs: list[Path]) -> None:
    async with shared("sharing:serve") as network:
        replies = await hear_all(network, songs)
        told = await state(network)
    assert {reply["device"] for reply in replies} == {"pretended"}
    assert not any(reply["fell_back"] for reply in replies)
    assert 0 < told["runs"] <= told["requests"]
    assert_alike(replies, await alone(songs))


async def test_a_device_that_ends_midway_costs_no_recording(songs: list[Path]) -> None:
    async with shared("sharing:serve_and_die") as network:
        first = await state(network)
        replies = await hear_all(network, songs)
        again = await state(network)
    assert {reply["device"] for reply in replies} == {"cpu"}
    assert all(reply["fell_back"] for reply in replies)
    assert all("was lost" in str(reply["device_reason"]) for reply in replies)
    assert (again["device"], again["address"] != first["address"]) == ("pretended", True)
    assert_alike(replies, await alone(songs))


async def test_a_lost_device_is_not_offered_until_it_is_tried_again(songs: list[Path]) -> None:
    async with (
        shared("sharing:serve", again_seconds=1000) as network,
        Child("segue.analysis.child:hear", LIMITS) as child,
    ):
        async with network.offered() as offer:
            assert offer is not None
            os.kill(pid_of(offer), signal.SIGKILL)
            await until(lambda: not alive(pid_of(offer)))
            request = request_for(str(songs[0]), quality=Quality.FAST, network=offer)
            reply = await child.call(request, deadline_seconds=120)
            await network.note(offer, reply)
        assert reply["fell_back"]
        refusal = await state(network)
        assert (refusal["address"], refusal["device"], refusal["fell_back"]) == (None, "cpu", True)
        told, _ = await hear(network, songs[0], child)
    assert (told["device"], told["fell_back"]) == ("cpu", True)
    assert told["device_reason"] == refusal["reason"] == reply["device_reason"]


async def test_a_device_that_is_slower_is_left_for_good() -> None:
    async with shared("sharing:refuse") as network:
        offer = await state(network)
    assert offer == {"address": None, "device": "cpu", "reason": "the GPU is slow", "fell_back": False}


async def test_a_driver_that_ends_the_process_is_told() -> None:
    async with shared("sharing:crash") as network:
        offer = await state(network)
    assert (offer["address"], offer["fell_back"]) == (None, True)
    assert offer["reason"] == "the process for the GPU failed: ended with exit status 7"


async def test_it_goes_when_nobody_uses_it(songs: list[Path]) -> None:
    async with shared("sharing:serve", limits=Limits(nice=0, idle_seconds=0.1)) as network:
        async with network.offered() as offer:
            assert offer is not None
            await alone(songs[:1])  # takes longer
            assert alive(pid_of(offer))
        await until(lambda: not alive(pid_of(offer)))
        assert pid_of(await state(network)) != pid_of(offer)


@pytest.mark.skipif(not cuda_installed(), reason="this ONNX Runtime has no CUDA provider")
async def test_a_gpu_hears_as_the_processor_does(songs: list[Path]) -> None:
    async with shared("segue.analysis.shared:serve") as network:
        offer = await state(network)
        if offer["address"] is None:
            pytest.skip(f"no GPU is used: {offer['reason']}")
        replies = await hear_all(network, songs)
    assert {reply["device"] for reply in replies} == {"cuda"}
    assert_alike(replies, await alone(songs))


def pid_of(offer: Offer) -> int:
    return int(Path(offer["address"]).name)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
