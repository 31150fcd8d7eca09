"""What went wrong with a request, named by who must act; never with a URL's query in it."""

import asyncio

import aiohttp

from segue.sdk.errors import AdapterError, AuthFailed, Malformed, NotFound, Unavailable, Unsupported

__all__ = ["of_exception", "of_status", "without_address"]


_FAULTS: tuple[tuple[tuple[type[BaseException], ...], type[AdapterError], str], ...] = (
    ((asyncio.TimeoutError,), Unavailable, "{where} did not answer in time."),
    (
        (aiohttp.ClientConnectorCertificateError,),
        Unsupported,
        "The certificate of {where} is not one that we trust; for one of your own there are the settings "
        "`authority` and `verify_certificate`.",
    ),
    (
        (aiohttp.ClientSSLError,),
        Unsupported,
        "{where} does not answer in TLS; perhaps its address begins with http://.",
    ),
    ((aiohttp.ClientConnectorDNSError,), Unavailable, "The name of {where} is not known here."),
    ((aiohttp.ClientConnectorError,), Unavailable, "{where} cannot be reached."),
    (
        (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, ConnectionError),
        Unavailable,
        "{where} broke off in the middle of its answer.",
    ),
    ((aiohttp.ClientResponseError,), Malformed, "{where} does not speak HTTP as we know it."),
)


def of_exception(error: BaseException, *, where: str) -> AdapterError:
    """A failure to reach the server or to read its answer."""
    for causes, kind, sentence in _FAULTS:
        if isinstance(error, causes):
            return kind(sentence.format(where=where))
    return Unavailable(f"{where} cannot be asked ({type(error).__name__}).")


def without_address(error: Exception) -> Exception:
    """The error as a cause; one whose words hold a whole address, query included, only by its kind."""
    return ConnectionError(type(error).__name__) if "?" in str(error) else error


def of_status(
    status: int, *, where: str, what: str, retry_after: float | None, location: str
) -> AdapterError:
    """An answer that is no success."""
    if status in (301, 302, 303, 307, 308):
        target = location.partition("?")[0] or "elsewhere"
        return Unsupported(f"{where} sends us to {target}; give that address if it is right.")
    if status in (401, 403, 407):
        return AuthFailed(f"{where} refuses {what} (HTTP {status}).")
    if status in (404, 410):
        return NotFound(f"{where} has no {what} (HTTP {status}).")
    if status in (405, 501):
        return Unsupported(f"{where} does not offer {what} (HTTP {status}).")
    if status in (408, 425, 429) or status >= 500:
        return Unavailable(f"{where} cannot answer {what} now (HTTP {status}).", retry_after=retry_after)
    return Malformed(f"{where} did not understand {what} (HTTP {status}).")
