"""All that an adapter may use, beside `segue.model`."""

from segue.sdk.contract import (
    Adapter,
    CatchesUp,
    KeepsHistory,
    NamesArtists,
    NumbersTracks,
    Play,
    Publishes,
    ReadsPlaylists,
    ReceivesWebhooks,
    ServerInfo,
    SetsUpWebhooks,
    User,
    Watches,
    WebhookDelivery,
)
from segue.sdk.errors import (
    AdapterError,
    AuthFailed,
    Malformed,
    NotFound,
    Unavailable,
    Unsupported,
)
from segue.sdk.plugin import AdapterPlugin, ClientSide, ServerConfig, Toolbox

__all__ = [
    "Adapter",
    "AdapterError",
    "AdapterPlugin",
    "AuthFailed",
    "CatchesUp",
    "ClientSide",
    "KeepsHistory",
    "Malformed",
    "NamesArtists",
    "NotFound",
    "NumbersTracks",
    "Play",
    "Publishes",
    "ReadsPlaylists",
    "ReceivesWebhooks",
    "ServerConfig",
    "ServerInfo",
    "SetsUpWebhooks",
    "Toolbox",
    "Unavailable",
    "Unsupported",
    "User",
    "Watches",
    "WebhookDelivery",
]
