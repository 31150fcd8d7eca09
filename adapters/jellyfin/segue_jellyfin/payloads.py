"""What only Jellyfin sends, under its own names."""

from typing import ClassVar

from segue.sdk.dialects.mediabrowser.payloads import Id, OptionalId, Payload, Text, Yes

__all__ = ["Plugin", "QuickConnect", "Sharing", "WebhookBody"]


class Plugin(Payload):
    """`PluginInfo`."""

    Id: Id
    Status: Text = None


class QuickConnect(Payload):
    """`QuickConnectResult`."""

    is_secret: ClassVar[bool] = True

    Code: str
    Secret: str


class Sharing(Payload):
    """`PlaylistDto`: whether others see a playlist."""

    OpenAccess: Yes = False


class WebhookBody(Payload):
    """What the Webhook plugin posts, with all properties or by a template of the operator's."""

    NotificationType: str
    ItemId: OptionalId = None
    ItemType: Text = None
    ResultKey: Text = None
