"""The network of another process, as one that decodes sees it."""

from collections.abc import Callable
from typing import Self

from segue.analysis.exchange import MOST_PATCHES, Line
from segue.analysis.network import Answer, Floats, Heard, Network

_PATIENCE_SECONDS = 60.0


class RemoteNetwork:
    """When the other process ends or is silent our own network goes on, with the same patches."""

    batch = MOST_PATCHES

    def __init__(
        self,
        address: str,
        *,
        device: str,
        reason: str,
        own: Callable[[], Network],
        seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self.device = device
        self.reason = reason
        self.fell_back = False
        self._open_own = own
        self._own: Network | None = None
        self._line: Line | None = None
        try:
            self._line = Line.to(address, seconds=seconds)
        except OSError as error:
            self._fall_back(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def begin(self, mels: Floats) -> Answer:
        if self._line is not None:
            try:
                self._line.ask(mels)
            except OSError as error:
                return self._fall_back(error).begin(mels)
            line = self._line
            return lambda: self._answer(line, mels)
        assert self._own is not None
        return self._own.begin(mels)

    def _answer(self, line: Line, mels: Floats) -> Heard:
        try:
            return line.answered(len(mels))
        except OSError as error:
            return self._fall_back(error).begin(mels)()

    def _fall_back(self, error: OSError) -> Network:
        self._hang_up()
        self._own = self._open_own()
        self.reason = f"the process that has the {self.device} device was lost: {error}"
        self.device, self.fell_back = self._own.device, True
        return self._own

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            with line:
                pass
