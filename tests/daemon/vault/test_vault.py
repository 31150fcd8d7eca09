"""The vault: what it seals only its own key opens."""

import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.vault import Vault, VaultError


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "key"


def test_the_key_file_is_made_once_and_for_us_alone(key_file: Path) -> None:
    sealed = Vault(key_file).seal(b"open sesame")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert Vault(key_file).open(sealed) == b"open sesame"
    assert [file.name for file in key_file.parent.iterdir()] == ["key"]


@settings(max_examples=50, deadline=None)
@given(secret=st.binary(max_size=500))
def test_what_is_sealed_opens_again_and_never_looks_the_same(
    secret: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault = Vault(tmp_path_factory.getbasetemp() / "vault-key")
    first, second = vault.seal(secret), vault.seal(secret)
    assert first != second
    assert vault.open(first) == vault.open(second) == secret


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    sealed = Vault(tmp_path / "one").seal(b"secret")
    with pytest.raises(VaultError, match="does not fit the key"):
        Vault(tmp_path / "other").open(sealed)


def test_altered_and_foreign_values_are_refused(key_file: Path) -> None:
    vault = Vault(key_file)
    sealed = vault.seal(b"secret")
    altered = [
        sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :] for place in range(len(sealed))
    ]
    for value in [*altered, b"", b"\x01", sealed[:12], sealed[:-1], b"plain text"]:
        with pytest.raises(VaultError):
            vault.open(value)


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "00" * 31])
def test_a_file_that_is_no_key_is_never_overwritten(key_file: Path, content: str) -> None:
    key_file.parent.mkdir()
    key_file.write_text(content)
    with pytest.raises(VaultError, match="not a key file"):
        Vault(key_file)
    assert key_file.read_text() == content


def test_processes_that_start_together_share_one_key(key_file: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        sealed = pool.map(_seal, [key_file] * 8)
    vault = Vault(key_file)
    assert {vault.open(value) for value in sealed} == {b"shared"}


def _seal(key_file: Path) -> bytes:
    return Vault(key_file).seal(b"shared")
