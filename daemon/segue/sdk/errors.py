"""What may go wrong with a server, named by who must act.

AdapterError
├── Unavailable   nobody: wait, back off, try again
├── AuthFailed    operator: stop this server's work, say so once
├── Unsupported   operator: switch the capability off, say so
├── NotFound      core: the server answered that there is no such item; forget it
└── Malformed     author: mark the item, keep a clipped and redacted sample
"""


class AdapterError(Exception):
    """The only kind of exception that leaves an adapter; a sentence for whoever can act."""


class Unavailable(AdapterError):
    """The server cannot be asked now; `retry_after` in seconds where it said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AuthFailed(AdapterError):
    """The server refuses our credentials or rights."""


class Unsupported(AdapterError):
    """This server, version or account cannot do what was asked."""


class NotFound(AdapterError):
    """The server answered: there is no such item."""


class Malformed(AdapterError):
    """The server's answer breaks its own contract; `sample` is clipped and redacted."""

    def __init__(self, message: str, *, sample: str = "") -> None:
        super().__init__(message)
        self.sample = sample[:500]
