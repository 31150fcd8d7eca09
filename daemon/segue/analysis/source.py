"""Opens a file with whichever decoder understands it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from segue.analysis.blocks import Source
from segue.analysis.errors import HearingError
from segue.analysis.files import check_file
from segue.analysis.libav import open_libav
from segue.analysis.sndfile import open_sndfile


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """libav first, libsndfile second; HearingError with the reason of the first."""
    check_file(path)
    with ExitStack() as stack:
        try:
            source: Source = stack.enter_context(open_libav(path))
        except HearingError as refused:
            try:
                source = stack.enter_context(open_sndfile(path))
            except HearingError:
                raise refused from None
        yield source
