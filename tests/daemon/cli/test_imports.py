import subprocess
import sys

import pytest

HEAVY = (
    "aiohttp", "arq", "redis", "psycopg", "psycopg_pool", "numpy", "voyager", "librosa", "scipy", "sklearn",
    "onnxruntime", "av", "soxr", "numba", "pydantic_settings", "structlog", "asyncio", "segue.analysis",
    "segue.store", "segue.web", "segue.settings",
)  # fmt: skip

_PROGRAM = """
import sys
from segue.cli import main
try:
    main({words!r})
except SystemExit as ended:
    assert not ended.code, ended.code
print("\\n".join(sys.modules), file=sys.stderr)
"""


def loaded(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(words=words)], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "words", [["--help"], ["servers", "--help"], ["up", "--help"], ["runs", "follow", "-h"]]
)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    assert loaded(*words) & set(HEAVY) == set()


def test_asking_for_settings_loads_no_network_or_number_library() -> None:
    light = {"pydantic_settings", "segue.settings", "asyncio"}
    assert loaded("settings", "show") & set(HEAVY) == light
