"""Every route of our own doors."""

from segue.web.routes import (
    analysis,
    audiomuse,
    audiomuse_tasks,
    health,
    hooks,
    recordings,
    runs,
    schedules,
    servers,
    similar,
    site,
    system,
    tokens,
    tracks,
)
from segue.web.routing import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (
    *system.ROUTES,
    *servers.ROUTES,
    *tracks.ROUTES,
    *recordings.ROUTES,
    *similar.ROUTES,
    *analysis.ROUTES,
    *runs.ROUTES,
    *schedules.ROUTES,
    *tokens.ROUTES,
    *hooks.ROUTES,
    *audiomuse.ROUTES,
    *audiomuse_tasks.ROUTES,
    *health.ROUTES,
    *site.ROUTES,
)
