"""What is wrong with the settings, for the operator."""

from collections.abc import Sequence


class SettingsError(Exception):
    """The settings cannot be used; `problems` are sentences that say what to change."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
