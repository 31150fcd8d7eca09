"""HTTP for adapters: limits, repeats where safe, and failures named by who must act."""

from segue.sdk.http.events import ServerSentEvent
from segue.sdk.http.server import HttpLimits, HttpServer, Reply, base_url, trust
from segue.sdk.http.socket import Socket

__all__ = ["HttpLimits", "HttpServer", "Reply", "ServerSentEvent", "Socket", "base_url", "trust"]
