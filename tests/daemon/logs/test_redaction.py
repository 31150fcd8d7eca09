import io
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from segue import logs

SECRET_KEYS = ("token", "admin_token", "Authorization", "password", "api_key", "X-Api-Key", "client_secret",
               "Set-Cookie", "dsn", "database_url", "auth", "config_sealed")  # fmt: skip


calmly = settings(deadline=None, max_examples=60)  # a busy machine is no failure


@dataclass(frozen=True)
class Wanted:
    log_level: str = "debug"
    log_format: str = "json"


@pytest.fixture(scope="module", params=["json", "console"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    stream = io.StringIO()
    logs.configure(Wanted(log_format=request.param), stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    structlog.reset_defaults()


# What a sentence is made of never holds these, so that a leak is a leak.
secrets = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=12, max_size=40)
odd_secrets = st.builds(
    lambda a, odd, b: a + odd + b, secrets, st.text("!$%&()*+,-./:;=?@[]_{|}~#ß€", max_size=4), secrets
)
words = st.text("abcdefghij ", max_size=20)
keys = st.sampled_from(SECRET_KEYS)
keys_in_text = keys.filter(lambda key: key not in ("dsn", "database_url", "auth", "config_sealed"))


def in_text(secret: str) -> st.SearchStrategy[str]:
    """The ways a secret gets into a sentence, an address or an exception."""
    return st.sampled_from(
        [
            f"segue_ab12cd_{secret}",
            f"Authorization: Bearer {secret}",
            f"authorization=basic {secret}",
            f'MediaBrowser Token="{secret}", Client="x"',
            f"http://host:8096/Items?api_key={secret}&x=1",
            f"GET /rest/ping?u=me&p={secret} HTTP/1.1",
            f"rest/ping?t={secret}",
            f"https://host/path#{secret}",
            f"connecting to https://user:{secret}@host/path",
            f"postgresql://segue:{secret}@host:5432/db?sslmode=require",
            f"redis://:{secret}@host",
            f"password={secret}",
            f'{{"token": "{secret}"}}',
            f"{{'X-Emby-Token': '{secret}'}}",
            f"admin_token: {secret}",
        ]
    )


def planted(secret: str) -> st.SearchStrategy[Any]:
    """Values of any shape that hold the secret in a way that can be known."""
    leaves = st.one_of(
        in_text(secret),
        st.just(SecretStr(secret)),
        st.just(secret.encode()),
        st.builds(lambda key: {key: secret}, keys),
        st.builds(lambda key: {key: [secret, {"x": secret}]}, keys),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3), st.tuples(inner, inner)
        ),
        max_leaves=6,
    )


def logged(stream: io.StringIO) -> str:
    text = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    assert text, "nothing was logged"
    return text


@calmly
@given(data=st.data(), secret=secrets, before=words, after=words)
def test_no_planted_secret_is_written(
    written: io.StringIO, data: st.DataObject, secret: str, before: str, after: str
) -> None:
    log = structlog.get_logger("segue.test")
    text = f"{before} {data.draw(in_text(secret))} {after}"
    log.info(text, fact=data.draw(planted(secret)), **{data.draw(keys): secret})
    log.bind(value=data.draw(planted(secret))).warning("something_happened", text=text)
    assert secret not in logged(written)


@calmly
@given(data=st.data(), secret=secrets)
def test_no_secret_of_a_library_is_written(written: io.StringIO, data: st.DataObject, secret: str) -> None:
    library = logging.getLogger(data.draw(st.sampled_from(["psycopg.pool", "arq.worker", "aiohttp.client"])))
    text = data.draw(in_text(secret))
    library.error("failed: %s (%r)", text, {"error": [text]})
    library.error(text.replace("%", "%%"))
    library.error("settings %s", {data.draw(keys_in_text): secret})
    assert secret not in logged(written)


@calmly
@given(data=st.data(), secret=secrets)
def test_no_secret_of_an_exception_is_written(written: io.StringIO, data: st.DataObject, secret: str) -> None:
    text = data.draw(in_text(secret))
    try:
        try:
            raise ValueError(text)
        except ValueError as error:
            raise RuntimeError(f"because of {text}") from error
    except RuntimeError:
        structlog.get_logger("segue.test").exception("job_crashed", error=text)
        logging.getLogger("arq").exception("failed")
    assert secret not in logged(written)


@calmly
@given(password=odd_secrets)
def test_no_part_of_an_odd_password_in_an_address_is_written(written: io.StringIO, password: str) -> None:
    log = structlog.get_logger("segue.test")
    log.info("connected", to=f"postgresql://segue:{password}@host/db")
    text = logged(written)
    assert password[:12] not in text
    assert password[-12:] not in text


def test_what_is_no_secret_stays(written: io.StringIO) -> None:
    facts = {"server": "attic", "seconds": 1.5, "author": "Basil", "song": "Really? Yes!", "found": True}
    structlog.get_logger("segue.test").info("track_analysed", **facts, url="http://host:80/path")
    text = logged(written)
    for shown in ("track_analysed", "attic", "1.5", "Basil", "Really? Yes!", "http://host:80/path"):
        assert shown in text
    assert logs.HIDDEN not in text
