"""The device is the faster one, and a GPU that fails is told and left."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from segue.analysis.network import Opening, open_network

Floats = npt.NDArray[np.float32]
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class Pretended:
    """A session on a device that takes its time, and fails after so many runs."""

    def __init__(self, provider: str, *, seconds: float = 0.0, good_runs: int = 10**6) -> None:
        self._provider = provider
        self._seconds = seconds
        self._good_runs = good_runs

    def get_providers(self) -> Sequence[str]:
        return [self._provider, CPU]

    def run(self, outputs: Sequence[str], feed: Mapping[str, Floats]) -> Sequence[Floats]:
        self._good_runs -= 1
        if self._good_runs < 0:
            raise runtime.Fail("CUDA failure 700: an illegal memory access")
        time.sleep(self._seconds)
        count = len(feed["melspectrogram"])
        return [np.zeros((count, width), np.float32) for width in (200, 50, 424)]


def opening(gpu: Pretended | Exception, processor: Pretended | None = None) -> Opening:
    def start(providers: Sequence[str]) -> Pretended:
        if providers[0] == CPU:
            return processor or Pretended(CPU, seconds=0.002)
        if isinstance(gpu, Exception):
            raise gpu
        return gpu

    return start


PATCHES = np.zeros((2, 187, 96), np.float32)


def test_the_faster_device_is_taken() -> None:
    quick, slow = opening(Pretended(CUDA)), opening(Pretended(CUDA, seconds=0.5), Pretended(CPU))
    assert open_network(opening=quick).device == "cuda"
    slower = open_network(opening=slow)
    assert (slower.device, slower.fell_back) == ("cpu", False)
    assert "on CUDA and" in slower.reason


@pytest.mark.parametrize(
    ("gpu", "reason"),
    [
        (runtime.Fail("no kernel image"), "the CUDA device failed: no kernel image"),
        (Pretended(CPU), "no CUDA device could be started"),
        (Pretended(CUDA, good_runs=1), "the CUDA device failed: CUDA failure 700"),
    ],
)
def test_a_gpu_that_does_not_work_is_told(gpu: Pretended | Exception, reason: str) -> None:
    network = open_network(opening=opening(gpu))
    assert (network.device, network.fell_back) == ("cpu", True)
    assert network.reason.startswith(reason)
    assert network(PATCHES).embedding.shape == (2, 200)


def test_a_gpu_that_fails_midway_is_replaced() -> None:
    network = open_network(opening=opening(Pretended(CUDA, good_runs=4)))
    network(PATCHES)
    assert network.device == "cuda"
    assert network(PATCHES).tags.shape == (2, 50)
    assert (network.device, network.fell_back) == ("cpu", True)
    assert "failed midway" in network.reason


def test_this_machine_has_some_device() -> None:
    network = open_network()
    assert network.device in ("cpu", "cuda")
    assert network.reason
