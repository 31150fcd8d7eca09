"""What several recordings ask for at one time is one run of the network, and each gets its own part."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from segue.analysis.exchange import MOST_PATCHES, Line
from segue.analysis.network import Floats, Heard, open_network
from segue.analysis.remote import RemoteNetwork
from segue.analysis.shared import Shared
from segue.analysis.together import Together

RECORDINGS = 4


def patches(count: int, *, seed: int) -> Floats:
    return np.random.default_rng(seed).random((count, 187, 96), np.float32)


class Gated:
    """A network that waits at a gate, and says how many patches each run had."""

    device, reason, fell_back = "cuda", "made", False

    def __init__(self) -> None:
        self.gate, self.began = threading.Event(), threading.Event()
        self.sizes: list[int] = []

    def __call__(self, mels: Floats) -> Heard:
        self.sizes.append(len(mels))
        self.began.set()
        self.gate.wait()
        first = mels[:, 0, 0, None]
        return Heard(*(np.repeat(first, width, axis=1) for width in (200, 50, 424)))


def test_what_waits_is_heard_in_one_run() -> None:
    network = Gated()
    together = Together(network, wait_seconds=30)
    asked = [patches(3, seed=seed) for seed in range(RECORDINGS)]
    with ThreadPoolExecutor(RECORDINGS) as threads, together.taking_part():
        first = threads.submit(together, asked[0])
        assert network.began.wait(30)
        with together.taking_part(), together.taking_part():
            others = [threads.submit(together, mels) for mels in asked[1:]]
            network.gate.set()
            answers = [one.result(30) for one in (first, *others)]
    assert network.sizes == [3, 9]
    assert (together.runs, together.requests) == (2, RECORDINGS)
    for mels, heard in zip(asked, answers, strict=True):
        np.testing.assert_array_equal(heard.embedding[:, 7], mels[:, 0, 0])


@pytest.fixture
def line() -> Iterator[tuple[Line, socket.socket]]:
    ours, theirs = socket.socketpair()
    with Line(ours) as one, theirs:
        yield one, theirs


@pytest.mark.parametrize("count", [0, MOST_PATCHES + 1, 2**32 - 1])
def test_a_request_of_a_wrong_size_is_refused(line: tuple[Line, socket.socket], count: int) -> None:
    one, other = line
    other.sendall(count.to_bytes(4, "little"))
    with pytest.raises(ConnectionError, match="wrong size"):
        one.asked()


def test_an_answer_that_ends_early_is_refused(line: tuple[Line, socket.socket]) -> None:
    one, other = line
    other.sendall((2).to_bytes(4, "little") + bytes(100))
    other.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionError, match="gone"):
        one.answered(2)


def test_one_that_sends_nonsense_does_not_disturb_another(tmp_path: Path) -> None:
    own = open_network("cpu")
    address = str(Shared(own, tmp_path).state()["address"])
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(address)
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert rude.recv(100) == b""
    mels = patches(5, seed=1)
    with RemoteNetwork(address, device="cuda", reason="made", own=lambda: own) as remote:
        heard = remote.begin(mels)()
        assert (remote.device, remote.fell_back) == ("cuda", False)
    np.testing.assert_allclose(heard.embedding, own(mels).embedding, atol=1e-4)


def test_one_that_is_silent_is_left(tmp_path: Path) -> None:
    own, mels = open_network("cpu"), patches(2, seed=2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        remote = RemoteNetwork(
            str(tmp_path / "silent"), device="cuda", reason="made", own=lambda: own, seconds=0.1
        )
        with remote:
            heard = remote.begin(mels)()
    assert (remote.device, remote.fell_back) == ("cpu", True)
    assert remote.reason == "the process that has the cuda device was lost: timed out"
    np.testing.assert_array_equal(heard.embedding, own(mels).embedding)
