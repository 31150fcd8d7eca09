"""Navidrome, and every other server that speaks Subsonic or OpenSubsonic."""

from segue.sdk import AdapterPlugin, ClientSide
from segue.sdk.http import trust
from segue_navidrome.adapter import connect
from segue_navidrome.config import NavidromeConfig

__all__ = ["plugin"]


def client_side(config: NavidromeConfig) -> ClientSide:
    """Clients of all these servers speak Subsonic."""
    tls = trust(verify=config.verify_certificate, authority=config.authority)
    return ClientSide(dialect="subsonic", url=config.url, tls=tls)


plugin = AdapterPlugin(
    kind="navidrome",
    title="Navidrome, OpenSubsonic",
    config=NavidromeConfig,
    connect=connect,
    client_side=client_side,
)
