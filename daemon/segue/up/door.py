"""The address of the daemon: free before it starts, answering when it is ready."""

import errno
import socket

from segue.embedded import StartError

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on


def refuse_taken(host: str, port: int) -> None:
    """Say what is wrong with the address before anything is started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise StartError(_in_words(host, port, error)) from error


def is_answering(host: str, port: int, *, seconds: float = 2.0) -> bool:
    """Whether `/readyz` says 200. By hand: an HTTP library costs more memory than all the rest here."""
    try:
        with socket.create_connection((near(host), port), timeout=seconds) as line:
            line.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return line.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def near(host: str) -> str:
    """How this machine itself reaches a daemon that listens on `host`."""
    return _ANYWHERE.get(host, host)


def web_address(host: str, port: int) -> str:
    """For people on this machine."""
    name = near(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _in_words(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Stop it, or choose another with SEGUE_PORT."
    if error.errno == errno.EACCES:
        return f"This user may not listen on port {port}. Choose one above 1023 with SEGUE_PORT."
    return f"This machine cannot listen on {host} ({error.strerror}). Choose another address with SEGUE_HOST."
