"""What runs in a supervised child process: one request, one reply."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from segue.analysis.errors import HearingError
from segue.analysis.foreign import Foreign, open_folder
from segue.analysis.hearing import hear_with
from segue.analysis.memory import keep_freed_memory
from segue.analysis.network import MODEL, Device, Network, OwnNetwork, open_network, verify_shipped
from segue.analysis.remote import RemoteNetwork
from segue.analysis.wire import Reply, analysis_to_reply, failure_to_reply
from segue.model import Quality


def hear(request: Reply) -> Reply:
    """`{"path", "quality", "models", "network"}` to an analysis, or to `{"error": reason}`."""
    offer = request.get("network")
    with _network(offer) as network:
        try:
            analysis = hear_with(
                network,
                Path(request["path"]),
                quality=Quality(request["quality"]),
                models=_models(request.get("models")),
            )
            reply = analysis_to_reply(analysis)
        except HearingError as error:
            reply = failure_to_reply(error)
    ears = {"device": network.device, "device_reason": network.reason, "fell_back": network.fell_back}
    if offer and offer["address"] is None:
        ears |= {"device_reason": offer["reason"], "fell_back": offer["fell_back"]}
    return reply | ears


def inspect(request: Reply) -> Reply:
    """`{"folder"}` to what its models are, and why others are refused."""
    models, refused = open_folder(Path(request["folder"]))
    found = [{"name": one.name, "kind": one.kind, "reads": one.reads, "size": one.size} for one in models]
    return {"models": found, "refused": refused}


def verify(request: Reply) -> Reply:
    """Whether the shipped network is the one that was tested."""
    problem = verify_shipped()
    shipped = {"name": MODEL, "kind": "shipped", "reads": "patches", "size": 200}
    return {"models": [], "refused": {MODEL: problem}} if problem else {"models": [shipped], "refused": {}}


def _models(folder: str | None) -> Sequence[Foreign]:
    """Read anew whenever a file of the folder changes."""
    if folder is None:
        return ()
    files = [(path.name, path.stat().st_mtime_ns) for path in sorted(Path(folder).glob("*.onnx"))]
    return _opened(folder, tuple(files))


@lru_cache(maxsize=1)
def _opened(folder: str, files: tuple[tuple[str, int], ...]) -> Sequence[Foreign]:
    return open_folder(Path(folder))[0] if files else ()


@contextmanager
def _network(offer: Reply | None) -> Iterator[Network]:
    """Our own, or the one that listens at the `address` of an offer; without one no GPU is tried."""
    if offer is None:
        yield _own("auto")
    elif offer["address"] is None:
        yield _own("cpu")
    else:
        keep_freed_memory()
        with RemoteNetwork(
            offer["address"], device=offer["device"], reason=offer["reason"], own=lambda: _own("cpu")
        ) as network:
            yield network


@lru_cache(maxsize=1)
def _own(device: Device) -> OwnNetwork:
    """The model is loaded when first needed and stays as long as the child lives."""
    keep_freed_memory()
    return open_network(device)
