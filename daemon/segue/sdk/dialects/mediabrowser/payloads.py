"""What both servers send, under their own names; tolerant where versions differ."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = [
    "Activities",
    "Activity",
    "Created",
    "Item",
    "Items",
    "Libraries",
    "Library",
    "LibraryUpdate",
    "Login",
    "MediaSource",
    "Message",
    "Payload",
    "Personal",
    "SongCounts",
    "SystemFacts",
    "UserPayload",
    "Users",
]  # fmt: skip

Row = TypeVar("Row")


def _id(value: Any) -> Any:
    """Ids are text, although some are written as numbers; a GUID loses its dashes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise ValueError("an id is missing")
    plain = value.replace("-", "")
    return plain.lower() if len(plain) == 32 and plain.isalnum() else value


def _optional_id(value: Any) -> str | None:
    return str(_id(value)) if isinstance(value, str | int) and value not in ("", True, False) else None


def _text(value: Any) -> str | None:
    return value or None if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(value: Any) -> datetime | None:
    """With any number of digits, with a zone or without (then UTC)."""
    if not isinstance(value, str):
        return None
    head, dot, tail = value.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        value = f"{head}.{tail[: min(digits, 6)].ljust(6, '0')}{tail[digits:]}"
    try:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _yes(value: Any) -> bool:
    return value is True


def _many(value: Any) -> Any:
    return [] if value is None else value


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def _named(value: Any) -> dict[str, str]:
    return (
        {str(key): one for key, one in value.items() if isinstance(one, str)}
        if isinstance(value, dict)
        else {}
    )


Id = Annotated[str, BeforeValidator(_id)]
OptionalId = Annotated[str | None, BeforeValidator(_optional_id)]
Text = Annotated[str | None, BeforeValidator(_text)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Number = Annotated[float | None, BeforeValidator(_number)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Yes = Annotated[bool, BeforeValidator(_yes)]
Many = Annotated[Sequence[Row], BeforeValidator(_many)]
Texts = Annotated[Sequence[str], BeforeValidator(_texts)]
Named = Annotated[Mapping[str, str], BeforeValidator(_named)]


class Payload(BaseModel):
    """Reads what it knows, and passes over the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    is_secret: ClassVar[bool] = False


class SystemFacts(Payload):
    """`PublicSystemInfo`; only Jellyfin has a product name."""

    ProductName: Text = None
    Version: Text = None
    Id: Text = None


class UserPolicy(Payload):
    IsAdministrator: Yes = False
    IsDisabled: Yes = False


class UserPayload(Payload):
    """`UserDto`."""

    Id: Id
    Name: Text = None
    Policy: UserPolicy | None = None

    @property
    def is_administrator(self) -> bool:
        return self.Policy is not None and self.Policy.IsAdministrator

    @property
    def is_disabled(self) -> bool:
        return self.Policy is not None and self.Policy.IsDisabled


class Users(Payload):
    Items: Many[UserPayload]


class Login(Payload):
    """`AuthenticationResult`."""

    is_secret: ClassVar[bool] = True

    AccessToken: str
    User: UserPayload


class Library(Payload):
    """`VirtualFolderInfo`, or a user's view of it, which tells no folders."""

    Name: Text = None
    ItemId: OptionalId = None
    Id: OptionalId = None
    CollectionType: Text = None
    Locations: Texts = ()

    @property
    def id(self) -> str | None:
        return self.ItemId or self.Id


class Libraries(Payload):
    Items: Many[Library]


class MediaSource(Payload):
    Path: Text = None
    Size: Whole = None
    Container: Text = None
    Bitrate: Whole = None
    Protocol: Text = None


class Personal(Payload):
    """`UserItemDataDto`: what one user did with an item."""

    PlayCount: Whole = None
    IsFavorite: Yes = False
    LastPlayedDate: Moment = None
    Rating: Number = None


class NamedItem(Payload):
    Name: Text = None


class ArtistItem(NamedItem):
    Id: OptionalId = None


class Item(Payload):
    """`BaseItemDto`, as far as we use it."""

    Id: Id
    Name: Text = None
    Type: Text = None
    MediaType: Text = None
    Etag: Text = None
    Path: Text = None
    Size: Whole = None
    Container: Text = None
    Bitrate: Whole = None
    DateCreated: Moment = None
    DateModified: Text = None
    RunTimeTicks: Whole = None
    ProductionYear: Whole = None
    IndexNumber: Whole = None
    ParentIndexNumber: Whole = None
    Album: Text = None
    AlbumArtist: Text = None
    AlbumArtists: Many[NamedItem] = ()
    ArtistItems: Many[ArtistItem] = ()
    Artists: Texts = ()
    Genres: Texts = ()
    Tags: Texts = ()
    TagItems: Many[NamedItem] = ()
    Overview: Text = None
    ProviderIds: Named = {}
    MediaSources: Many[MediaSource] = ()
    UserData: Personal | None = None
    PlaylistItemId: OptionalId = None
    ChildCount: Whole = None


class Items(Payload):
    """`QueryResult` of items; the count is of all, not of this page."""

    Items: Sequence[Item]
    TotalRecordCount: Whole = None


class SongCounts(Payload):
    """`ItemCounts`."""

    SongCount: Whole = None


class Created(Payload):
    """`PlaylistCreationResult`."""

    Id: Id


class Activity(Payload):
    """`ActivityLogEntry`."""

    Type: Text = None
    ItemId: OptionalId = None
    UserId: OptionalId = None
    Date: Moment = None


class Activities(Payload):
    Items: Sequence[Activity]
    TotalRecordCount: Whole = None


class Message(Payload):
    """One message of the websocket."""

    MessageType: Text = None
    Data: Any = None


class LibraryUpdate(Payload):
    """What `LibraryChanged` carries."""

    ItemsAdded: Texts = ()
    ItemsUpdated: Texts = ()
    ItemsRemoved: Texts = ()
