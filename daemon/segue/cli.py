"""The command `segue`."""


def main() -> None:
    """Run the command line."""
