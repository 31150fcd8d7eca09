"""The reference page of all commands, made from the commands themselves: `python -m segue.cli.reference`."""

import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.main import get_command

from segue.cli.main import application

_COMMON = ("--json", "--url", "--token")
_INTRODUCTION = """\
# Command line

<!-- Made by `python -m segue.cli.reference`; a test compares. -->

`segue --help`, and `--help` after any command, tell the same on the terminal.

Commands print for people, and with `--json` for programs. Faults are sentences on standard error. The exit
status is 0 when the command did what it says, 1 when it failed, 2 when options, arguments or settings are
wrong, 3 when no daemon answers, and 4 when the daemon refuses the token.

Most commands talk to the daemon's admin API. They find it through the settings of this machine
([`url`, `token`](settings.md)) or through these options:

"""


def reference() -> str:
    """The whole page, in Markdown."""
    commands = list(_commands("segue", get_command(application())))
    common = {name: text for _, command in commands for name, text in _parameters(command) if name in _COMMON}
    parts = [_INTRODUCTION, *(f"- `{name}`: {common[name]}\n" for name in _COMMON)]
    parts += [_section(path, command) for path, command in commands]
    return "".join(parts)


def _commands(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    """Commands with their whole names; what has commands below it is none itself."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _section(path: str, command: Any) -> str:
    text = inspect.cleandoc(command.help or "")
    lines = [f"\n## `{path}`\n\n{text}\n\n```\n{_usage(path, command)}\n```\n"]
    own = [(name, text) for name, text in _parameters(command) if name not in _COMMON]
    if own:
        lines.append("\n" + "".join(f"- `{name}`: {text}\n" for name, text in own))
    return "".join(lines)


def _usage(path: str, command: Any) -> str:
    words = [path]
    for parameter in command.params:
        name = _name(parameter)
        if parameter.param_type_name == "option" and not parameter.is_flag:
            name += f" {_value(command, parameter)}"
        if parameter.multiple or parameter.nargs == -1:
            name += "..."
        if name != "--help":
            words.append(name if parameter.required else f"[{name}]")
    return " ".join(words)


def _parameters(command: Any) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        default = parameter.default
        text = str(parameter.help)
        if default not in (None, False) and not callable(default):
            text += f" Default: {default}."
        yield _name(parameter), text


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return str(parameter.opts[0])


def _value(command: Any, parameter: Any) -> str:
    """What follows an option: its choices where it has some."""
    hint = get_type_hints(inspect.unwrap(command.callback))[parameter.name]
    for one in (hint, *get_args(hint)):
        if get_origin(one) is Literal:
            return "|".join(get_args(one))
    return str(parameter.metavar or parameter.name.upper())


if __name__ == "__main__":
    print(reference(), end="")
