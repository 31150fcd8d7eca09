"""An adapter in a package of its own, installed by pip, is found, configured and used."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples/adapter"

USE_IT = """
import asyncio, sys
from contextlib import asynccontextmanager
from pathlib import Path
import aiohttp, structlog
from segue.registry import find_plugins
from segue.registry.configured import checked, plugin_for
from segue.sdk import Toolbox

async def main():
    plugin = plugin_for(find_plugins(), "catalogue")
    config = checked(plugin, {"file": sys.argv[1]})
    async with aiohttp.ClientSession() as http:
        toolbox = Toolbox(server="mine", http=http, scratch=Path(sys.argv[2]), log=structlog.get_logger())
        async with plugin.connect(config, toolbox) as adapter:
            print((await adapter.probe()).product, [track.title async for track in adapter.walk()])

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("source") / "adapter")
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "--target", target, source], check=True
    )
    return target


async def test_a_foreign_adapter_is_used_like_ours(installed: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.json"
    song = {"id": "1", "title": "Dawn", "file": "/music/dawn.flac"}
    catalogue.write_text(json.dumps({"product": "Mine", "songs": [song]}))
    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-c", USE_IT, str(catalogue), str(tmp_path),
        env={"PYTHONPATH": str(installed)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await ended.communicate()
    assert told.decode() == "Mine ['Dawn']\n"


async def test_the_template_keeps_the_contract(installed: Path) -> None:
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    ended = await asyncio.create_subprocess_exec(
        *tests, "-c", str(EXAMPLE.parents[1] / "pyproject.toml"), "--rootdir", str(EXAMPLE),
        env={"PYTHONPATH": str(installed)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await ended.communicate()
    assert ended.returncode == 0, told.decode()
    assert b" passed" in told
