"""`segue doctor`: looks at everything an installation needs, and says what to change."""

import typer

from segue.cli.doctor.finding import Finding, State
from segue.cli.faults import CommandError, Exit
from segue.cli.options import AsJson, Quiet, Token, Url
from segue.cli.printing import print_json

_SIGNS = {State.GOOD: "✓", State.WARNING: "!", State.BAD: "✗"}
_STYLES = {State.GOOD: "green", State.WARNING: "yellow", State.BAD: "bold red"}
_ONLY_ERRORS = Quiet(log_level="critical")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Check everything from settings to servers, and say what to change.

    Works without a running daemon as far as possible. The exit status is 1 if anything is bad.
    """
    from segue import logs
    from segue.cli.doctor.everything import findings

    logs.configure(_ONLY_ERRORS)
    found = []
    for finding in findings(url=url, token=token):
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([finding.as_values() for finding in found])
    bad = sum(finding.state is State.BAD for finding in found)
    if bad and not as_json:
        raise CommandError(f"{bad} of {len(found)} checks are bad; what to do stands below each.")
    raise SystemExit(int(Exit.FAILED if bad else Exit.OK))


def _print(finding: Finding) -> None:
    from rich.text import Text

    from segue.cli.printing import console, plain

    output = console()
    line = Text.assemble(
        (_SIGNS[finding.state], _STYLES[finding.state]),
        f" {finding.subject}: ",
        plain(finding.detail),
    )
    output.print(line, soft_wrap=True)
    if finding.advice:
        output.print(Text(f"    → {plain(finding.advice)}"), soft_wrap=True)
