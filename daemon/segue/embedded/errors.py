"""Why an embedded service does not start, as a sentence for the person who can act."""


class StartError(Exception):
    """What stands in the way and what to do about it."""
