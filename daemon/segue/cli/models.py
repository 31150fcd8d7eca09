"""`segue models`: the network that hears, and other people's models beside it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from segue.cli.api import connect
from segue.cli.faults import CommandError, Exit
from segue.cli.options import AsJson, Quiet, Token, Url, read_settings
from segue.cli.printing import print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="See, check and choose the models that hear.")

_SHIPPED = "msd_musicnn"
_DEADLINE_SECONDS = 300.0
_ONLY_ERRORS = Quiet()
_Folder = Annotated[
    Path | None,
    typer.Option(
        help="Where models lie. Default: the setting analysis.models, or models in the data folder."
    ),
]


@app.command("list")
def list_(folder: _Folder = None, as_json: AsJson = False) -> None:
    """List the models there are, with what each gives; no daemon is needed."""
    place = folder or models_folder()
    rows = [_shipped(), *_inspect("inspect", place)]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["model", "kind", "reads", "numbers", "state"],
        [(row["name"], row["kind"], row["reads"], row["size"], row["problem"] or "ready") for row in rows],
        right=("numbers",),
    )
    say(f"Other people's ONNX files are taken from {place}.")


@app.command()
def verify(folder: _Folder = None, as_json: AsJson = False) -> None:
    """Check the shipped network by its checksums and its answers, and every other model by running it.

    The exit status is 1 if one of them cannot be used.
    """
    rows = [*_inspect("verify", None), *_inspect("inspect", folder or models_folder())]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            say(f"{row['name']}: {row['problem'] or 'in order'}")
    raise SystemExit(int(Exit.FAILED if any(row["problem"] for row in rows) else Exit.OK))


@app.command()
def use(
    name: Annotated[str, typer.Argument(help="A space's name; a model's is its file's, without .onnx.")],
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Let a model's space answer what sounds alike; what it has not heard yet is heard first."""
    reply = connect(url, token).post(f"/spaces/{name}/serve")
    if as_json:
        print_json(reply)
    elif reply["serving"]:
        say(f"{name} answers now.")
    else:
        say(f"{reply['vacant']} recordings must be heard with {name} first; then ask again.")


@app.command()
def spaces(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """List the spaces of the library, and which of them answers."""
    found = connect(url, token).get("/spaces")["items"]
    if as_json:
        print_json(found)
        return
    print_table(
        ["space", "made by", "dimensions", "answers", "recordings without"],
        [
            (one["name"], one["made_by"], one["dimensions"], "yes" if one["serving"] else "", one["vacant"])
            for one in found
        ],
        right=("dimensions", "recordings without"),
    )


def models_folder() -> Path:
    """Where other people's models are."""
    settings = read_settings()
    return settings.analysis.models or settings.data_dir / "models"


def _shipped() -> dict[str, Any]:
    return {"name": _SHIPPED, "kind": "shipped", "reads": "patches", "size": 200, "problem": None}


def _inspect(function: str, folder: Path | None) -> list[dict[str, Any]]:
    """What a supervised child says of them; a file that kills it fails the command with a sentence."""
    import asyncio

    from segue import logs
    from segue.children import ChildError

    logs.configure(_ONLY_ERRORS)
    try:
        reply = asyncio.run(_ask(function, folder))
    except ChildError as error:
        raise CommandError(f"The models could not be looked at: {error}.") from error
    nothing = {"kind": None, "reads": None, "size": None}
    good = [{**one, "problem": None} for one in reply["models"]]
    refused = [{"name": name, **nothing, "problem": why} for name, why in reply["refused"].items()]
    return sorted(good + refused, key=lambda row: str(row["name"]))


async def _ask(function: str, folder: Path | None) -> Any:
    from segue.children import Child

    async with Child(f"segue.analysis.child:{function}") as child:
        request = {"folder": str(folder) if folder else None}
        return await child.call(request, deadline_seconds=_DEADLINE_SECONDS)
