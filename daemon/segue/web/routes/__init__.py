"""Every route of our own doors."""

from segue.web.routes import (
    analysis,
    artists,
    audiomuse,
    audiomuse_alchemy,
    audiomuse_artists,
    audiomuse_tasks,
    clusterings,
    health,
    hooks,
    mixes,
    playlists,
    recordings,
    runs,
    schedules,
    server_care,
    servers,
    similar,
    site,
    spaces,
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
    *mixes.ROUTES,
    *artists.ROUTES,
    *playlists.ROUTES,
    *analysis.ROUTES,
    *spaces.ROUTES,
    *runs.ROUTES,
    *schedules.ROUTES,
    *clusterings.ROUTES,
    *tokens.ROUTES,
    *hooks.ROUTES,
    *audiomuse.ROUTES,
    *audiomuse_alchemy.ROUTES,
    *audiomuse_artists.ROUTES,
    *audiomuse_tasks.ROUTES,
    *health.ROUTES,
    *site.ROUTES,
)
