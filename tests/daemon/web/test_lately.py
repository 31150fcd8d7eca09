"""What is dear to read is told again for a while, and read once for many."""

import asyncio

import pytest

from segue.web.lately import Lately


class Library:
    """Reading it takes two seconds by its clock, and tells how often it was read."""

    def __init__(self) -> None:
        self.clock, self.read_so_often = 0.0, 0
        self.is_away = False

    async def read(self) -> int:
        await asyncio.sleep(0)
        if self.is_away:
            raise ConnectionError
        self.clock += 2
        self.read_so_often += 1
        return self.read_so_often


async def test_a_dear_answer_holds_for_as_long_as_it_was_dear() -> None:
    library = Library()
    lately = Lately[int](now=lambda: library.clock)
    assert await asyncio.gather(*(lately.tell(library.read) for _ in range(5))) == [1] * 5
    library.clock += 38
    assert await lately.tell(library.read) == 1
    library.clock += 1
    assert await lately.tell(library.read) == 2


async def test_a_reading_that_fails_is_tried_again() -> None:
    library = Library()
    lately = Lately[int](now=lambda: library.clock)
    library.is_away = True
    with pytest.raises(ConnectionError):
        await lately.tell(library.read)
    library.is_away = False
    assert await lately.tell(library.read) == 1
