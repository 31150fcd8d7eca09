"""Whether this machine hears: a generated sound goes the way that every recording goes."""

import asyncio
import hashlib
import math
import tempfile
import time
import wave
from array import array
from collections.abc import Iterator
from importlib import resources, util
from pathlib import Path
from typing import Any

from segue.cli.doctor.finding import Finding, bad, good

MODEL_SHA256 = "96072f31a7b877abfbfd4cefaf90736b66cfe62652d4d63dae5e60204ecda4a8"

_SECONDS = 8
_RATE = 16_000
_DEADLINE_SECONDS = 120.0
_REINSTALL = "Install Segue again: `pip install --force-reinstall --no-deps segue`."


def hears() -> Iterator[Finding]:
    """Checks the model file, then decodes and hears in a child process, as a worker does."""
    if util.find_spec("onnxruntime") is None:
        return
    model = resources.files("segue.analysis").joinpath("models", "msd_musicnn.onnx").read_bytes()
    if hashlib.sha256(model).hexdigest() != MODEL_SHA256:
        yield bad("model", "The file of the network is not the one that was shipped.", _REINSTALL)
        return
    yield good("model", "MusicNN, as shipped")
    yield asyncio.run(_listen())


def listen(request: dict[str, Any]) -> dict[str, Any]:
    """Runs in the child: hears the file and tells on which device."""
    from segue.analysis.hearing import hear_with
    from segue.analysis.network import open_network
    from segue.model import Quality

    network = open_network()
    analysis = hear_with(network, Path(request["path"]), quality=Quality.FULL)
    return {"device": network.device, "reason": network.reason, "seconds": analysis.seconds}


async def _listen() -> Finding:
    from segue.children import Child, ChildError

    with tempfile.TemporaryDirectory(prefix="segue-doctor-") as folder:
        path = str(Path(folder, "sound.wav"))
        _write_sound(path)
        began = time.monotonic()
        try:
            async with Child(f"{__name__}:listen") as child:
                reply = await child.call({"path": path}, deadline_seconds=_DEADLINE_SECONDS)
        except ChildError as error:
            return bad("hearing", str(error), "Install segue[cpu] or segue[gpu] again.")
    seconds = time.monotonic() - began
    device, reason = str(reply["device"]), str(reply["reason"])
    return good("hearing", f"on {device}, because {reason} ({seconds:.1f} s with loading)")


def _write_sound(path: str) -> None:
    """A chord that swells and fades."""
    notes = (220.0, 277.2, 329.6)
    samples = array("h", bytes(2 * _SECONDS * _RATE))
    for position in range(len(samples)):
        swell = math.sin(math.pi * position / len(samples))
        wave_sum = sum(math.sin(2 * math.pi * note * position / _RATE) for note in notes)
        samples[position] = int(8_000 * swell * wave_sum / len(notes))
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples.tobytes())
