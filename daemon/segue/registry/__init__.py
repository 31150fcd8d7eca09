"""From entry points and rows to connected adapters, each with a state that people can see."""

from segue.registry.configured import ConfigError, UnknownKindError
from segue.registry.connection import ServerBroken
from segue.registry.declared import declare, declare_music
from segue.registry.doors import NoClientSideError, client_side, declare_doors
from segue.registry.plugins import BrokenPlugin, Plugins, find_plugins
from segue.registry.registry import CAPABILITIES, Registry, capabilities, open_registry

__all__ = [
    "CAPABILITIES",
    "BrokenPlugin",
    "ConfigError",
    "NoClientSideError",
    "Plugins",
    "Registry",
    "ServerBroken",
    "UnknownKindError",
    "capabilities",
    "client_side",
    "declare",
    "declare_doors",
    "declare_music",
    "find_plugins",
    "open_registry",
]
