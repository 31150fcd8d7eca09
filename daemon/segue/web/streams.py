"""A bound on how many event streams are open at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from segue.web.errors import TOO_MANY, Refusal

__all__ = ["Streams"]


class Streams:
    """Counts open streams of one application."""

    def __init__(self) -> None:
        self.open = 0

    @contextmanager
    def one_more(self, most: int) -> Iterator[None]:
        """Refused when `most` are open already."""
        if self.open >= most:
            raise Refusal(
                TOO_MANY, "Too many event streams are open; close some.", headers={"Retry-After": "10"}
            )
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
