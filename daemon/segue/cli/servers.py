"""`segue servers`: connect, test, walk and forget media servers and music folders."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from segue.cli.api import connect
from segue.cli.faults import CommandError, Exit
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import moment, print_facts, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Connect media servers and music folders.")

_CHECK_SECONDS = 600.0
_SIGNS = {True: "✓", False: "✗", None: "-"}

Name = Annotated[str, typer.Argument(help="The server's name here.")]


@app.command("list")
def list_(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """List servers and how they are."""
    found = connect(url, token).get("/servers")["items"]
    if as_json:
        print_json(found)
    elif not found:
        say("No server is connected yet. `segue servers add --help` tells how.")
    else:
        print_table(
            ["name", "kind", "state", "tracks", "heard", "failed", "last walk", "trouble"],
            [
                (
                    one["name"],
                    one["kind"],
                    _state(one),
                    one["tracks"],
                    one["heard"],
                    one["failed"],
                    moment(one["last_walk_at"]) or "never",
                    one["last_error"],
                )
                for one in found
            ],
            right=("tracks", "heard", "failed"),
        )


@app.command()
def show(name: Name, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Show one server with its options; secrets are stars."""
    api = connect(url, token)
    found = api.get(_path(name))
    if as_json:
        print_json(found)
        return
    print_facts(
        [
            ("name", found["name"]),
            ("kind", found["kind"]),
            ("configured in", "the settings" if found["origin"] == "settings" else "the API"),
            ("state", f"{_state(found)} since {moment(found['state_since'])}"),
            ("trouble", found["last_error"]),
            ("product", " ".join(filter(None, (found["product"], found["product_version"])))),
            ("tracks", found["tracks"]),
            ("missing", found["missing"] or None),
            ("left out", found.get("excluded") or None),
            ("heard", found["heard"]),
            ("failed", found["failed"] or None),
            ("last walk", moment(found["last_walk_at"]) or "never"),
            ("front door", _door(found["front_door"])),
            ("webhooks go to", f"{api.url}{found['hook']}"),
            *((f"option {key}", _plain_value(value)) for key, value in found["options"].items()),
        ]
    )


@app.command()
def kinds(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """List the kinds of servers that can be connected, with their options."""
    found = connect(url, token).get("/adapters")["items"]
    if as_json:
        print_json(found)
        return
    print_table(
        ["kind", "option", "needed", "meaning"],
        [row for adapter in found for row in _options_of(adapter)],
    )


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="How you call it: lower-case letters, digits, `-` and `_`.")],
    kind: Annotated[str, typer.Argument(help="What it is; `segue servers kinds` lists them.")],
    options: Annotated[
        list[str] | None,
        typer.Argument(
            help="What its adapter needs. `KEY=@FILE` reads the value from a file, `KEY=?` asks for it "
            "without showing it, and a value that begins with `[` or `{` is JSON.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    *,
    front_door: Annotated[
        str | None,
        typer.Option(
            help="A port, or an address with one, where clients reach it through Segue.", metavar="PORT"
        ),
    ] = None,
    no_probe: Annotated[
        bool, typer.Option("--no-probe", help="Add it even if it cannot be reached now.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Connect a server: it is reached once, and then walked and heard.

    For example: segue servers add attic folder path=/srv/music
    """
    given = dict(_option(text) for text in options or [])
    wanted = {"name": name, "kind": kind, "options": given, "probe": not no_probe}
    if front_door is not None:
        wanted["front_door"] = front_door
    api = connect(url, token)
    reply = api.post("/servers", wanted)
    if as_json:
        print_json(reply)
        return
    say(f"{reply['name']} is connected and being walked: `segue runs follow {reply['run']['id']}`.")
    for warning in reply["warnings"]:
        say(f"But: {warning}")
    say(f"Its webhooks go to {api.url}{reply['hook']} with the header X-Segue-Secret: {reply['hook_secret']}")
    if reply["front_door"]:
        say(f"Its front door is {_door(reply['front_door'])}.")


@app.command()
def test(name: Name, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Reach a server and ask what it is."""
    found = connect(url, token).post(f"{_path(name)}/test")
    if as_json:
        print_json(found)
        return
    tracks = f", {found['tracks']} tracks" if found["tracks"] is not None else ""
    product = f"{found['product']} {found['version']}".strip()
    say(f"{name} answers: {product}{tracks}.")
    for warning in found["warnings"]:
        say(f"warning: {warning}")


@app.command()
def walk(
    name: Name,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Stay and show the progress.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """List a server's whole library anew."""
    api = connect(url, token)
    run = api.post(f"{_path(name)}/walk")
    if follow:
        from segue.cli.follow import follow as watch

        raise SystemExit(int(watch(api, run["id"], as_json=as_json)))
    if as_json:
        print_json(run)
    else:
        say(f"Run {run['id']} walks {name}. Watch with `segue runs follow {run['id']}`.")


@app.command()
def front_door(
    name: Name,
    listen: Annotated[
        str | None,
        typer.Argument(help="A port such as 4533, or an address with one: 0.0.0.0:4533.", metavar="PORT"),
    ] = None,
    *,
    close: Annotated[bool, typer.Option("--close", help="Close it; whoever uses it is cut off.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Open, move or close the port where clients reach a server through Segue."""
    if close == (listen is not None):
        raise typer.BadParameter("Give a port, or --close.", param_hint="PORT")
    path, api = f"{_path(name)}/front-door", connect(url, token)
    if close:
        api.delete(path)
        print_json({"closed": name}) if as_json else say(f"The front door of {name} is closed.")
        return
    reply = api.put(path, {"listen": listen})
    print_json(reply) if as_json else say(f"The front door of {name} is {_door(reply)}.")


@app.command()
def preview(name: Name, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Tell what a walk would find, without writing anything.

    Of use before or after an upgrade that gives tracks other ids: those known under another id keep what
    was heard.
    """
    from segue.cli.follow import follow as watch

    api = connect(url, token)
    run = api.post(f"{_path(name)}/preview")
    ended = int(watch(api, run["id"], as_json=as_json))
    if not as_json:
        for line in api.items(f"/runs/{run['id']}/log"):
            say(line["line"])
    raise SystemExit(ended)


@app.command()
def check(name: Name, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Try everything that is needed of a server: list, lend, hear, a test playlist, a webhook."""
    found = connect(url, token, seconds=_CHECK_SECONDS).post(f"{_path(name)}/check")
    if as_json:
        print_json(found)
    else:
        for step in found["steps"]:
            say(f"{_SIGNS[step['good']]} {step['name']}: {step['detail']}")
            if step["advice"]:
                say(f"    → {step['advice']}")
    raise SystemExit(int(Exit.OK if found["good"] else Exit.FAILED))


@app.command("filter")
def filter_(
    name: Name,
    *,
    only_library: Annotated[
        list[str] | None,
        typer.Option(help="Use only this library; may be given several times."),
    ] = None,
    exclude_path: Annotated[
        list[str] | None, typer.Option(help="Leave out what has this in its path, such as `*/Demos/*`.")
    ] = None,
    exclude_genre: Annotated[list[str] | None, typer.Option(help="Leave out this genre.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="Leave nothing out any more.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show what of a server is used, or leave libraries, folders or genres out.

    What is given here is all that is left out from now on; what was heard is kept.
    """
    api = connect(url, token)
    wanted = {
        "only_libraries": only_library or [],
        "exclude_paths": exclude_path or [],
        "exclude_genres": exclude_genre or [],
    }
    if everything and any(wanted.values()):
        raise CommandError("Say either --everything or what to leave out.", exit=Exit.USAGE)
    changes = everything or any(wanted.values())
    found = api.put(f"{_path(name)}/filter", wanted) if changes else api.get(f"{_path(name)}/filter")
    if as_json:
        print_json(found)
        return
    print_facts(
        [
            ("only libraries", ", ".join(found["only_libraries"]) or None),
            ("without paths", ", ".join(found["exclude_paths"]) or None),
            ("without genres", ", ".join(found["exclude_genres"]) or None),
            ("tracks used", found["tracks"]),
            ("left out", found["excluded"]),
        ]
    )


@app.command()
def hook_secret(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make a new webhook secret; the one before ends."""
    if not yes:
        _ask(f"End the present webhook secret of {name}?")
    reply = connect(url, token).post(f"{_path(name)}/hook-secret")
    if as_json:
        print_json(reply)
    else:
        say(reply["hook_secret"])


@app.command()
def set_up_webhook(
    name: Name,
    address: Annotated[
        str, typer.Argument(help="How the server reaches Segue, such as http://192.168.1.2:4711.")
    ],
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Have a server post its news to Segue, where Segue can set that up."""
    reply = connect(url, token).post(f"{_path(name)}/webhook", {"address": address})
    if as_json:
        print_json(reply)
    else:
        say(reply["message"])


@app.command()
def remove(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Forget a server and its tracks; nothing changes on the server itself."""
    if not yes:
        _ask(f"Forget {name} and its tracks?")
    connect(url, token).delete(_path(name))
    if as_json:
        print_json({"removed": name})
    else:
        say(f"{name} is forgotten.")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise CommandError("Say --yes to go on without being asked.", exit=Exit.USAGE)
    typer.confirm(question, abort=True)


def _path(name: str) -> str:
    return f"/servers/{quote(name, safe='')}"


def _door(door: dict[str, Any] | None) -> str | None:
    if door is None:
        return None
    if door["state"] != "open":
        return f"{door['state']}: {door['trouble'] or door['wanted']}"
    return f"open at {door['address']}, " + (door["dialect"] or "only passing on")


def _state(server: dict[str, Any]) -> str:
    return "withdrawn" if server["withdrawn"] else str(server["state"])


def _options_of(adapter: dict[str, Any]) -> list[tuple[object, ...]]:
    if adapter["broken"]:
        return [(adapter["kind"], "", "", f"cannot be used: {adapter['broken']}")]
    needed = adapter["options"].get("required", [])
    fields = adapter["options"].get("properties", {})
    rows = [(key, "yes" if key in needed else "no", one.get("description")) for key, one in fields.items()]
    return [(adapter["kind"] if row is rows[0] else "", *row) for row in rows] or [
        (adapter["kind"], "", "", "")
    ]


def _option(text: str) -> tuple[str, object]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise typer.BadParameter(f"{text!r} is not of the form KEY=VALUE.", param_hint="KEY=VALUE")
    if value == "?":
        return key, typer.prompt(key, hide_input=True, err=True)
    if value.startswith("@"):
        return key, _from_file(key, value[1:])
    if value[:1] in ("[", "{"):
        try:
            return key, json.loads(value)
        except ValueError as error:
            raise typer.BadParameter(f"The value of {key} is not JSON.", param_hint="KEY=VALUE") from error
    return key, value


def _from_file(key: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise typer.BadParameter(f"The file {path} for {key} cannot be read: {reason}.") from error


def _plain_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
