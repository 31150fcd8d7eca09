"""What runs in a supervised child process: one request, one reply."""

from functools import lru_cache
from pathlib import Path

from segue.analysis.errors import HearingError
from segue.analysis.hearing import hear_with
from segue.analysis.memory import keep_freed_memory
from segue.analysis.network import Network, open_network
from segue.analysis.wire import Reply, analysis_to_reply, failure_to_reply
from segue.model import Quality


def hear(request: Reply) -> Reply:
    """`{"path", "quality"}` to an analysis, or to `{"error": reason}`."""
    try:
        analysis = hear_with(_network(), Path(request["path"]), quality=Quality(request["quality"]))
    except HearingError as error:
        return failure_to_reply(error)
    return analysis_to_reply(analysis)


@lru_cache(maxsize=1)
def _network() -> Network:
    """The model is loaded with the first request and stays as long as the child lives."""
    keep_freed_memory()
    return open_network()
