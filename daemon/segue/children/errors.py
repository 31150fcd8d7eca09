"""What may go wrong with a child process; in every case the parent lives on and the next call works.

ChildError
├── ChildRaised    the function raised; the child is well
├── ChildTimedOut  it took too long and was killed
├── ChildCrashed   it ended in the middle of a call
└── ChildGarbled   it broke the protocol and was killed
"""


class ChildError(Exception):
    """A call that brought no answer."""


class ChildRaised(ChildError):
    """The function raised; `kind` is the exception's class name, the message its text."""

    def __init__(self, kind: str, message: str, *, trace: str = "") -> None:
        super().__init__(message or kind)
        self.kind = kind
        self.trace = trace


class ChildTimedOut(ChildError):
    """The child was killed because it took too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"took longer than {seconds:g} seconds")
        self.seconds = seconds


class ChildCrashed(ChildError):
    """The child ended in the middle of a call; `last_words` is the end of its standard error."""

    def __init__(self, how: str, *, last_words: str = "") -> None:
        super().__init__(how)
        self.last_words = last_words


class ChildGarbled(ChildError):
    """What came through the pipe is no frame of ours."""
