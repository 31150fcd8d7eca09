"""Building blocks of what the API takes and tells."""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

__all__ = [
    "NAME_PATTERN",
    "Asked",
    "AskedLoosely",
    "Cursor",
    "Id",
    "Limit",
    "Name",
    "Options",
    "Page",
    "PageQuery",
    "Text",
    "Told",
]


def _without_nul(options: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """No file name, address or database can hold a NUL."""
    if _has_nul(options):
        raise ValueError("must not hold NUL characters")
    return options


def _has_nul(value: JsonValue) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_has_nul(key) or _has_nul(one) for key, one in value.items())
        case list():
            return any(_has_nul(one) for one in value)
    return False


Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=1000)]
NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")]
Options = Annotated[dict[Text, JsonValue], Field(max_length=100), AfterValidator(_without_nul)]
Limit = Annotated[int, Field(ge=1, le=500)]


class Asked(BaseModel):
    """What a request may hold: nothing that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AskedLoosely(BaseModel):
    """What a client of somebody else's API may send: what we do not know is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Told(BaseModel):
    """What a reply holds; later versions may add to it."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Item = TypeVar("Item", bound=BaseModel)


class Page(Told, Generic[Item]):
    """One page of a listing."""

    items: tuple[Item, ...]
    next: str | None = Field(description="Give it as `cursor` for the following page; null on the last.")


class PageQuery(Asked):
    """Where a page begins and how long it is."""

    cursor: Cursor | None = Field(default=None, description="The `next` of the page before.")
    limit: Limit = Field(default=50, description="How many items at most.")
