"""Counts and times of requests, in a registry of their own."""

from prometheus_client import CollectorRegistry, Counter, Histogram

__all__ = ["Observed"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Observed:
    """What one application saw; `route` is always a declared path, never what a client wrote."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "segue_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "segue_http_seconds",
            "Time to answer; event streams are left out.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float, *, stream: bool) -> None:
        self._requests.labels(method, route, str(status)).inc()
        if not stream:
            self._seconds.labels(route).observe(seconds)
