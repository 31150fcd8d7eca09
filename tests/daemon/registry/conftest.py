"""A registry over one adapter that does what a test tells it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from segue.model import Track, TrackId
from segue.registry import Registry
from segue.sdk import AdapterPlugin, NotFound, ServerConfig, ServerInfo, Toolbox
from segue.store.pool import Pool
from segue.vault import Vault


class StubConfig(ServerConfig):
    url: str = "http://stub"
    password: SecretStr = SecretStr("")


@dataclass
class Stub:
    """The far end: set `fault` to have everything raise it; counts what happened."""

    fault: Exception | None = None
    probes: int = 0
    opened: int = 0
    closed: int = 0
    toolboxes: list[Toolbox] = field(default_factory=list)


class StubAdapter:
    def __init__(self, stub: Stub) -> None:
        self._stub = stub

    async def probe(self) -> ServerInfo:
        self._stub.probes += 1
        if self._stub.fault:
            raise self._stub.fault
        return ServerInfo(product="Stub", version="1")

    async def walk(self) -> AsyncIterator[Track]:
        for track in ():
            yield track

    async def get(self, track_id: TrackId) -> Track:
        if self._stub.fault:
            raise self._stub.fault
        raise NotFound("No such track.")

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        raise NotFound("No such track.")
        yield Path()


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def plugin(stub: Stub) -> AdapterPlugin[StubConfig]:
    @asynccontextmanager
    async def connect(config: StubConfig, toolbox: Toolbox) -> AsyncIterator[StubAdapter]:
        stub.opened += 1
        stub.toolboxes.append(toolbox)
        yield StubAdapter(stub)
        stub.closed += 1

    return AdapterPlugin(kind="stub", title="Stub", config=StubConfig, connect=connect)


@pytest.fixture
async def new_registry(
    pool: Pool, plugin: AdapterPlugin[StubConfig], tmp_path: Path
) -> AsyncIterator[Callable[[], Registry]]:
    """Makes registries as several processes would have them."""
    made: list[Registry] = []

    def make() -> Registry:
        made.append(
            Registry(
                pool=pool,
                vault=Vault(tmp_path / "key"),
                scratch=tmp_path / "scratch",
                plugins={"stub": plugin},
            )
        )
        return made[-1]

    yield make
    for registry in made:
        await registry.close()


@pytest.fixture
def registry(new_registry: Callable[[], Registry]) -> Registry:
    return new_registry()
