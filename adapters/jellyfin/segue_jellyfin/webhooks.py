"""What the Webhook plugin's posts mean; pure."""

from collections.abc import Sequence

from segue.model import Change, LibraryChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import WebhookDelivery
from segue.sdk.dialects.mediabrowser.parse import payload, read_json
from segue_jellyfin.payloads import WebhookBody

__all__ = ["changes_of"]

_CONTAINERS = frozenset({"MusicAlbum", "MusicArtist", "Folder", "CollectionFolder"})


def changes_of(delivery: WebhookDelivery) -> Sequence[Change]:
    """Songs by their id, which is all that is to be trusted; playing and rating change no song."""
    body = payload(WebhookBody, read_json(delivery.body))
    if body.NotificationType == "TaskCompleted":
        return (LibraryChanged(),) if body.ResultKey == "RefreshLibrary" else ()
    if body.NotificationType not in ("ItemAdded", "ItemDeleted"):
        return ()
    gone = body.NotificationType == "ItemDeleted"
    if body.ItemType == "Audio" and body.ItemId is not None:
        return ((TrackGone if gone else TrackChanged)(TrackId(body.ItemId)),)
    if body.ItemType is None or (gone and body.ItemType in _CONTAINERS):
        return (LibraryChanged(),)
    return ()
