"""`segue settings`: what is in force, where it came from, and what there is."""

from typing import TYPE_CHECKING, Any

import typer

from segue.cli.options import AsJson
from segue.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from segue.settings import Settings

app = typer.Typer(no_args_is_help=True, help="See the settings.")


@app.command()
def show(as_json: AsJson = False) -> None:
    """Print the settings in force and where each came from; secrets stay hidden."""
    from segue.settings import load

    loaded = load()
    rows = [
        {"name": ".".join(where), "value": value, "from": loaded.origins.get(where, "default")}
        for where, value in _values(loaded.settings)
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(["setting", "value", "from"], [tuple(row.values()) for row in rows])


@app.command()
def reference() -> None:
    """Print the page of all settings, in Markdown."""
    from segue.settings.reference import reference as page

    print(page(), end="")


def _values(settings: "Settings") -> list[tuple[tuple[str, ...], Any]]:
    """Every leaf; what an adapter's option holds may be a secret, so none is shown."""
    from pydantic import BaseModel

    found: list[tuple[tuple[str, ...], Any]] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name == "servers":
            for server, section in value.items():
                found.append((("servers", server, "kind"), section.kind))
                found += [(("servers", server, option), "(given)") for option in section.options]
        elif isinstance(value, BaseModel):
            found += [((name, key), _shown(getattr(value, key))) for key in type(value).model_fields]
        else:
            found.append(((name,), _shown(value)))
    return found


def _shown(value: Any) -> Any:
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return "(given)"
    return value if value is None or isinstance(value, int | float) else str(value)
