"""What a server's refusals mean, and who must act on them."""

from segue.sdk import AdapterError, AuthFailed, Malformed, NotFound, Unavailable, Unsupported

__all__ = ["Refusal"]

_KINDS: dict[int, type[AdapterError]] = {
    0: Unavailable,  # anything: no proof that something is not there
    10: Malformed,
    20: Unsupported,
    30: Unsupported,
    40: AuthFailed,
    41: AuthFailed,
    42: AuthFailed,
    43: AuthFailed,
    44: AuthFailed,
    50: Unsupported,
    60: AuthFailed,
    70: NotFound,
}
_NO_ID = "badly formed hexadecimal UUID"  # Supysonic's answer to an id that it cannot have given
_SENTENCES = {
    40: "The server does not accept the name or password.",
    44: "The server does not accept the API key.",
    60: "The server's trial period is over.",
}


class Refusal(Exception):  # noqa: N818  the protocol's failed answer, before it is judged
    """`status: failed` with its code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"[{code}] {text}")
        self.code = code
        self.text = text

    def error(self, method: str) -> AdapterError:
        """In the words of the contract."""
        told = _SENTENCES.get(self.code) or f"The server refused {method}: {self.text or self.code}."
        if self.code == 0 and _NO_ID in self.text:
            return NotFound(told)
        return _KINDS.get(self.code, Unavailable)(told)
