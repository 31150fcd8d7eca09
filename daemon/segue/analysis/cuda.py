"""Whether the installed ONNX Runtime could use a GPU, told without loading it."""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["cuda_installed"]

_PROVIDER = "capi/*onnxruntime_providers_cuda.*"


def cuda_installed() -> bool:
    """Only the distribution for GPUs brings this library; whether a GPU is there shows when it starts."""
    found = find_spec("onnxruntime")
    places = found.submodule_search_locations if found else None
    return any(next(Path(place).glob(_PROVIDER), None) for place in places or ())
