"""All checks in the order in which a person would repair things."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from segue.cli.doctor import daemon, machine, sound, stores
from segue.cli.doctor.finding import Finding, bad, good

if TYPE_CHECKING:
    from segue.settings import Settings


def findings(*, url: str | None, token: str | None) -> Iterator[Finding]:
    """One finding after the other, as they are made."""
    settings, told = _settings(url=url, token=token)
    yield from told
    yield from machine.packages()
    yield from sound.hears()
    if settings is None:
        return
    yield from machine.data_folder(settings)
    yield from machine.disk(settings)
    yield from stores.database(settings)
    yield from stores.redis(settings)
    yield from daemon.loop(url=url, token=token)


def _settings(*, url: str | None, token: str | None) -> "tuple[Settings | None, list[Finding]]":
    from segue.settings import SettingsError, load_settings

    try:
        settings = load_settings(options={"url": url, "token": token})
    except SettingsError as error:
        advice = "Correct it; `segue settings reference` tells what there is. The remaining checks need it."
        return None, [bad("settings", problem, advice) for problem in error.problems]
    where = f"read from {settings.config}" if settings.config else "no file, defaults and environment"
    return settings, [good("settings", where)]
