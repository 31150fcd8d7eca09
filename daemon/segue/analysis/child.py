"""What runs in a supervised child process: one request, one reply."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from segue.analysis.errors import HearingError
from segue.analysis.foreign import Foreign, open_folder
from segue.analysis.hearing import hear_with
from segue.analysis.memory import keep_freed_memory
from segue.analysis.network import MODEL, Network, open_network, verify_shipped
from segue.analysis.wire import Reply, analysis_to_reply, failure_to_reply
from segue.model import Quality


def hear(request: Reply) -> Reply:
    """`{"path", "quality", "models"}` to an analysis, or to `{"error": reason}`."""
    try:
        analysis = hear_with(
            _network(),
            Path(request["path"]),
            quality=Quality(request["quality"]),
            models=_models(request.get("models")),
        )
    except HearingError as error:
        return failure_to_reply(error)
    network = _network()
    ears = {"device": network.device, "device_reason": network.reason, "fell_back": network.fell_back}
    return analysis_to_reply(analysis) | ears


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


@lru_cache(maxsize=1)
def _network() -> Network:
    """The model is loaded with the first request and stays as long as the child lives."""
    keep_freed_memory()
    return open_network()
