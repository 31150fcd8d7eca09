"""Settings: file < secret files < environment < command line; the only reader of the environment."""

from segue.settings.errors import SettingsError
from segue.settings.fields import AnalysisSection, IndexSection, ServerSection, Settings
from segue.settings.loading import Loaded, load, load_settings

__all__ = [
    "AnalysisSection",
    "IndexSection",
    "Loaded",
    "ServerSection",
    "Settings",
    "SettingsError",
    "load",
    "load_settings",
]
