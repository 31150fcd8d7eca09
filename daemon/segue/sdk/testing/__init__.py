"""For the tests of adapters, ours and foreign ones: a world of songs, and the contract as tests."""

from segue.sdk.testing.contract import AdapterContract, Served
from segue.sdk.testing.waiting import until
from segue.sdk.testing.world import Song, World

__all__ = ["AdapterContract", "Served", "Song", "World", "until"]
