"""Secrets at rest: sealed with a key that lies in a file beside the data, never in the database."""

import os
import secrets
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["Vault", "VaultError"]

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"


class VaultError(Exception):
    """The key file or a sealed value is of no use; a sentence for the operator."""


class Vault:
    """Seals and opens secrets with AES-256-GCM; makes its key file at first use, readable by us alone."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._cipher = AESGCM(_load(key_file))

    def seal(self, secret: bytes) -> bytes:
        """Encrypt; the same secret never looks the same twice."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret, _VERSION)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt; VaultError when it was sealed with another key or was altered."""
        head = len(_VERSION) + _NONCE_BYTES
        nonce, rest = sealed[len(_VERSION) : head], sealed[head:]
        try:
            if sealed[: len(_VERSION)] != _VERSION or len(nonce) != _NONCE_BYTES:
                raise InvalidTag
            return self._cipher.decrypt(nonce, rest, _VERSION)
        except InvalidTag as error:
            raise VaultError(
                f"A stored secret does not fit the key in {self._key_file}: put back the key file that "
                "belongs to this database, or enter the secret anew."
            ) from error


def _load(key_file: Path) -> bytes:
    if not key_file.exists():
        _make(key_file)
    try:
        key = bytes.fromhex(key_file.read_text(encoding="ascii"))
    except OSError as error:
        raise VaultError(f"The key file {key_file} cannot be read: {error.strerror}.") from error
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise VaultError(
            f"{key_file} is not a key file of ours: put back the one from your backup. "
            "If there is none, remove the file; stored secrets must then be entered anew."
        )
    return key


def _make(key_file: Path) -> None:
    """Write a new key so that it appears whole and lasting; of several makers the first one wins."""
    try:
        key_file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=key_file.parent, prefix=".key-")  # mode 0600
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(_KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            _link(draft, key_file)
        finally:
            draft.unlink()
    except OSError as error:
        raise VaultError(f"The key file {key_file} cannot be made: {error.strerror}.") from error


def _link(draft: Path, key_file: Path) -> None:
    try:
        os.link(draft, key_file)
    except FileExistsError:
        return
    folder = os.open(key_file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
