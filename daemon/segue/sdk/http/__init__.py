"""HTTP for adapters: limits, repeats where safe, and failures named by who must act."""

from segue.sdk.http.events import ServerSentEvent
from segue.sdk.http.server import HttpLimits, HttpServer, Reply, base_url, trust

__all__ = ["HttpLimits", "HttpServer", "Reply", "ServerSentEvent", "base_url", "trust"]
