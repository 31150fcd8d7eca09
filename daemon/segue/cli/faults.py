"""Why a command ends badly, as a sentence and an exit status."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script can tell apart; 2 is also what a wrong option or argument gives."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4


class CommandError(Exception):
    """The command cannot be done; the message is for the person at the terminal."""

    def __init__(self, message: str, *, exit: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit = exit
