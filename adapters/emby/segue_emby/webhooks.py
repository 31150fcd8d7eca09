"""What Emby's webhooks mean, as JSON or wrapped into a form; pure."""

from collections.abc import Sequence
from email.message import Message
from email.parser import BytesParser
from urllib.parse import parse_qs

from segue.model import Change, LibraryChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import Malformed, WebhookDelivery
from segue.sdk.dialects.mediabrowser.parse import payload, read_json
from segue_emby.payloads import WebhookBody

__all__ = ["changes_of"]

_FIELD = "data"
_NEW = frozenset({"library.new", "item.added", "item.add"})
_GONE = frozenset({"library.deleted"})


def changes_of(delivery: WebhookDelivery) -> Sequence[Change]:
    """Songs by their id; an album's songs have to be looked for. Playing and rating change no song."""
    body = payload(WebhookBody, read_json(_json_in(delivery)))
    if body.Event not in _NEW | _GONE:
        return ()
    item = body.Item
    if item is None or item.Id is None or item.Type != "Audio":
        is_film = item is not None and item.Type in ("Movie", "Episode", "Series", "Season", "Video")
        return () if is_film else (LibraryChanged(),)
    return ((TrackGone if body.Event in _GONE else TrackChanged)(TrackId(item.Id)),)


def _json_in(delivery: WebhookDelivery) -> bytes:
    """Up to 4.8 a form with one field; JSON may come under any name."""
    if delivery.body.lstrip()[:1] == b"{":
        return delivery.body
    told = delivery.headers.get("content-type", delivery.content_type)
    if delivery.body.startswith(f"{_FIELD}=".encode()):
        fields = parse_qs(delivery.body.decode("utf-8", "replace"))
        return fields.get(_FIELD, [""])[0].encode()
    return _in_form(told, delivery.body)


def _in_form(content_type: str, body: bytes) -> bytes:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "replace")
    form = BytesParser().parsebytes(head + body)
    for part in form.walk():
        if _name(part) == _FIELD:
            told = part.get_payload(decode=True)
            return told if isinstance(told, bytes) else b""
    raise Malformed("The delivery is neither JSON nor a form with it.")


def _name(part: Message) -> str | None:
    told = part.get_param("name", header="content-disposition")
    return told if isinstance(told, str) else None
