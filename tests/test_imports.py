"""Processes that wait or serve stay small: heavy libraries load only where music is heard or clustered."""

import subprocess
import sys

import pytest

HEAVY = ("av", "librosa", "numba", "onnxruntime", "scipy", "sklearn", "soundfile", "soxr", "umap", "torch")
MORE_THAN_A_COMMAND_LINE = (
    *HEAVY, "aiohttp", "argon2", "arq", "cryptography", "numpy", "prometheus_client", "psycopg", "pydantic",
    "redis", "voyager", "watchfiles",
)  # fmt: skip


def _loaded(module: str) -> set[str]:
    """The top-level packages that importing a module brings with it, in a process of its own."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "segue.app.serving",
        "segue.app.working",
        "segue.web",
        "segue.jobs",
        "segue.library",
        "segue.similarity",
    ],
)
def test_a_daemon_and_a_worker_load_nothing_heavy(module: str) -> None:
    assert _loaded(module).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("module", "other"), [("segue.app.serving", "segue.jobs"), ("segue.app.working", "segue.web")]
)
def test_neither_program_loads_the_other(module: str, other: str) -> None:
    code = f"import sys, {module}; sys.exit({other!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_line_and_the_supervisor_load_next_to_nothing() -> None:
    for module in ("segue.cli", "segue.__main__", "segue.up"):
        assert _loaded(module).isdisjoint(MORE_THAN_A_COMMAND_LINE), module


def test_the_check_itself_sees_what_is_loaded() -> None:
    assert "numpy" in _loaded("segue.index")
