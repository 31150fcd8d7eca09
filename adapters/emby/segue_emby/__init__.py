"""Emby servers."""

from segue.sdk import AdapterPlugin, ClientSide
from segue.sdk.http import trust
from segue_emby.adapter import connect
from segue_emby.config import EmbyConfig

__all__ = ["plugin"]


def client_side(config: EmbyConfig) -> ClientSide:
    """Where and how its clients speak to it."""
    tls = trust(verify=config.verify_certificate, authority=config.authority)
    return ClientSide(dialect="emby", url=config.url, tls=tls)


plugin = AdapterPlugin(kind="emby", title="Emby", config=EmbyConfig, connect=connect, client_side=client_side)
