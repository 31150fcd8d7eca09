"""Why a file could not be heard."""


class HearingError(Exception):
    """The file cannot be heard; `reason` is a plain sentence for the person who owns it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
