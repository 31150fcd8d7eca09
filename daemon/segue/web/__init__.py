"""Our own doors: the admin API, hooks, health, metrics and pages."""

from segue.web.application import make_app
from segue.web.serving import Runner

__all__ = ["Runner", "make_app"]
