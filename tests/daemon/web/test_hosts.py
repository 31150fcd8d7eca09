"""A page in somebody's browser cannot reach the daemon under a name of its own."""

import pytest
from aiohttp.test_utils import make_mocked_request

from segue.web.errors import FORBIDDEN, MALFORMED, MISDIRECTED, Refusal
from segue.web.hosts import Doorbell

DOORBELL = Doorbell(["music.example.org", "0.0.0.0"], ["https://music.example.org"])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4711", "[::1]:4711", "192.168.1.5", "localhost:4711", "segue", "segue:4711", "nas.local",
        "nas.lan:80", "music.example.org", "MUSIC.example.org:443", "box.fritz.box.home.arpa", "",
    ],
)  # fmt: skip
def test_our_own_names_are_answered(host: str) -> None:
    DOORBELL.check(make_mocked_request("GET", "/", headers={"Host": host}))


@pytest.mark.parametrize(
    "host", ["evil.example.com", "127.0.0.1.evil.com", "xlan.com", "music.example.org.evil.com:4711"]
)
def test_names_that_anybody_could_point_at_us_are_not(host: str) -> None:
    with pytest.raises(Refusal) as refused:
        DOORBELL.check(make_mocked_request("GET", "/", headers={"Host": host}))
    assert refused.value.kind is MISDIRECTED
    assert "SEGUE_PUBLIC_URL" in refused.value.detail


@pytest.mark.parametrize("host", ["[::1", "[x]:1"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(Refusal) as refused:
        DOORBELL.check(make_mocked_request("GET", "/", headers={"Host": host}))
    assert refused.value.kind is MALFORMED


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:4711"},
        {"Origin": "https://127.0.0.1:4711"},
        {"Origin": "https://music.example.org"},
    ],
)
def test_scripts_and_our_own_pages_may_change_things(headers: dict[str, str]) -> None:
    DOORBELL.check(make_mocked_request("POST", "/", headers={"Host": "127.0.0.1:4711", **headers}))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "https://evil.example.com"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_foreign_pages_may_not(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        DOORBELL.check(make_mocked_request(method, "/", headers={"Host": "127.0.0.1:4711", **headers}))
    assert refused.value.kind is FORBIDDEN
    DOORBELL.check(make_mocked_request("GET", "/", headers={"Host": "127.0.0.1:4711", **headers}))
