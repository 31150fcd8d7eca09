"""Every route of our own doors."""

from segue.web.routes import (
    analysis,
    audiomuse,
    audiomuse_tasks,
    health,
    hooks,
    playlists,
    recordings,
    runs,
    schedules,
    server_care,
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
    *server_care.ROUTES,
    *tracks.ROUTES,
    *recordings.ROUTES,
    *similar.ROUTES,
    *playlists.ROUTES,
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
