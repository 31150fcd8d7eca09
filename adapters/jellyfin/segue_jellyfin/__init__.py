"""Jellyfin servers."""

from segue.sdk import AdapterPlugin, ClientSide
from segue.sdk.http import trust
from segue_jellyfin.adapter import connect
from segue_jellyfin.config import JellyfinConfig

__all__ = ["plugin"]


def client_side(config: JellyfinConfig) -> ClientSide:
    """Where and how its clients speak to it."""
    tls = trust(verify=config.verify_certificate, authority=config.authority)
    return ClientSide(dialect="jellyfin", url=config.url, tls=tls)


plugin = AdapterPlugin(
    kind="jellyfin", title="Jellyfin", config=JellyfinConfig, connect=connect, client_side=client_side
)
