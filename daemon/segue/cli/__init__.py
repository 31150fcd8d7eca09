"""The command `segue`; nothing heavy is imported before a command needs it."""

from segue.cli.main import main

__all__ = ["main"]
