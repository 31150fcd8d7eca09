"""Types of settings that several kinds of servers have alike."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from segue.sdk.http import base_url

__all__ = ["Names", "WholePath", "WholePaths", "pasted_url"]


def pasted_url(text: str, *endings: str) -> str:
    """An address as people copy it from their browser, without the page that they looked at.

    `endings` are taken off in this order; ValueError when it is no address.
    """
    address = base_url(text.partition("#")[0].partition("?")[0])
    for ending in endings:
        address = address.removesuffix(ending)
    return address


def _whole(path: Path) -> Path:
    path = path.expanduser()
    if not path.is_absolute():
        raise ValueError("must be a whole path, beginning with `/` or `~`")
    return path


def _several(value: object) -> object:
    return (value,) if isinstance(value, str | Path) else value


WholePath = Annotated[Path, AfterValidator(_whole)]
WholePaths = Annotated[tuple[WholePath, ...], BeforeValidator(_several)]
"""One or several; one may be given without a list."""
Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""The same of words."""
