"""What only Emby sends, under its own names."""

from segue.sdk.dialects.mediabrowser.payloads import OptionalId, Payload, Text

__all__ = ["WebhookBody", "WebhookItem"]


class WebhookItem(Payload):
    """The item that an event is about."""

    Id: OptionalId = None
    Type: Text = None


class WebhookBody(Payload):
    """What Emby's notifications post."""

    Event: str
    Item: WebhookItem | None = None
