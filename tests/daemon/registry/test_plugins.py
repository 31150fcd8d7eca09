"""A foreign package is found; a broken one is told of."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from segue.registry import BrokenPlugin, find_plugins
from segue.registry.plugins import GROUP
from segue.sdk import AdapterPlugin


def test_the_folder_adapter_is_found() -> None:
    plugin = find_plugins()["folder"]
    assert isinstance(plugin, AdapterPlugin)
    assert plugin.title == "Folder of music"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError"),
        ("plugin = {}[0]", "KeyError"),
        ("def plugin(: pass", "SyntaxError"),
        ("plugin = 3", "is not an AdapterPlugin"),
        ("from segue_folder import plugin", "offers the kind 'folder'"),
    ],
)
def test_a_broken_package_is_told_of(tmp_path: Path, source: str, reason: str) -> None:
    name = f"segue_broken_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source)
    sys.path.insert(0, str(tmp_path))
    try:
        found = find_plugins([EntryPoint("broken", f"{name}:plugin", GROUP)])
    finally:
        sys.path.remove(str(tmp_path))
    broken = found["broken"]
    assert isinstance(broken, BrokenPlugin)
    assert reason in broken.reason
