"""What this machine computes with, seen without loading anything heavy."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

__all__ = ["Device", "devices", "memory_bytes", "versions"]

_SHOWN = (
    "aiohttp", "arq", "numpy", "psycopg", "redis", "voyager", "librosa", "onnxruntime", "onnxruntime-gpu",
    "scikit-learn", "cuml-cu12", "umap-learn", "mutagen", "watchfiles",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A processor that can hear music."""

    kind: Literal["cpu", "cuda"]
    name: str
    usable: bool
    reason: str


def devices() -> tuple[Device, ...]:
    """The processors of this machine; workers on other machines have their own."""
    return (_cpu(), *_gpus(Path("/proc/driver/nvidia/gpus")))


def versions() -> dict[str, str]:
    """Of ourselves and of the libraries that matter; what is not installed is left out."""
    found = {"segue": _version("segue") or "unknown", "python": platform.python_version()}
    for name in _SHOWN:
        if number := _version(name):
            found[name] = number
    return found


def memory_bytes() -> int | None:
    """What this process holds in memory; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _cpu() -> Device:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    runtime = _version("onnxruntime") or _version("onnxruntime-gpu")
    reason = f"ONNX Runtime {runtime} is installed" if runtime else "ONNX Runtime is not installed here"
    return Device(
        kind="cpu", name=f"{_cpu_name()}, {count} processors", usable=runtime is not None, reason=reason
    )


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _gpus(folder: Path) -> Iterator[Device]:
    """What NVIDIA's driver lists."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return
    runtime = _version("onnxruntime-gpu")
    for gpu in found:
        try:
            facts = (gpu / "information").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            facts = []
        name = next((line.partition(":")[2].strip() for line in facts if line.startswith("Model")), gpu.name)
        reason = (
            f"ONNX Runtime {runtime} for CUDA is installed"
            if runtime
            else "install the extra `gpu` in place of `cpu` to use it"
        )
        yield Device(kind="cuda", name=name, usable=runtime is not None, reason=reason)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
