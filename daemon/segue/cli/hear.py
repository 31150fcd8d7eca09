"""`segue hear`: what is in a file of music, with no daemon running."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from segue.cli.faults import Exit
from segue.cli.options import AsJson, Quiet
from segue.cli.printing import print_facts, print_json, say, span
from segue.cli.sounds import descriptors, percentages

if TYPE_CHECKING:
    from segue.children import Child
    from segue.model import Analysis

Level = Literal["fast", "balanced", "full"]

_DEADLINE_SECONDS = 1800.0
_ONLY_ERRORS = Quiet()
_TAGS_SHOWN = 5
_KEYS = (
    "quality", "duration", "tempo", "key", "scale", "energy", "loudness", "moods", "tags", "embedding",
    "heads", "spaces",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(hear)


def hear(
    files: Annotated[list[Path], typer.Argument(help="Files of music.", metavar="FILE")],
    quality: Annotated[Level, typer.Option(help="How much of each file is heard.")] = "balanced",
    models: Annotated[
        Path | None,
        typer.Option(
            help="A folder of other people's models that hear as well.", exists=True, file_okay=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hear files and print what is in them; no daemon or database is needed.

    A file that cannot be heard is reported with its reason, the others are heard all the same,
    and the exit status is 1.
    """
    import asyncio

    from segue import logs

    logs.configure(_ONLY_ERRORS)
    named = [(str(file), str(file.absolute())) for file in files]
    folder = str(models.absolute()) if models else None
    raise SystemExit(int(asyncio.run(_hear_all(named, quality, folder, as_json=as_json))))


async def _hear_all(
    files: list[tuple[str, str]], quality: Level, models: str | None, *, as_json: bool
) -> Exit:
    heard = []
    async for report in _reports(files, quality, models):
        heard.append(report)
        if not as_json:
            _print(report)
    if as_json:
        print_json(heard)
    return Exit.FAILED if any(report["error"] for report in heard) else Exit.OK


async def _reports(
    files: list[tuple[str, str]], quality: Level, models: str | None
) -> AsyncIterator[dict[str, Any]]:
    """One supervised child hears them one after the other; a file that kills it fails alone."""
    from segue.children import Child

    async with Child("segue.analysis.child:hear") as child:
        for name, path in files:
            yield await _report(child, name, path, quality, models)


async def _report(child: "Child", name: str, path: str, quality: Level, models: str | None) -> dict[str, Any]:
    from segue.analysis.errors import HearingError
    from segue.analysis.wire import reply_to_analysis, request_for
    from segue.children import ChildError
    from segue.model import Quality

    request = request_for(path, quality=Quality(quality), models=models)
    try:
        reply = await child.call(request, deadline_seconds=_DEADLINE_SECONDS)
        return _as_values(name, reply_to_analysis(dict(reply)))
    except (HearingError, ChildError) as error:
        return _as_values(name, None, error=str(error))


def _as_values(name: str, analysis: "Analysis | None", *, error: str | None = None) -> dict[str, Any]:
    """What scripts rely on: every key is always there."""
    if analysis is None:
        return {"file": name, "error": error, **dict.fromkeys(_KEYS)}
    from segue.analysis.moods import cold_start, mood_inputs, moods
    from segue.model import MODEL_TAGS

    found = analysis.descriptors
    return {
        "file": name,
        "error": None,
        "quality": str(analysis.quality),
        "duration": analysis.seconds,
        "tempo": found.tempo,
        "key": found.key,
        "scale": found.scale,
        "energy": found.energy,
        "loudness": found.loudness,
        "moods": moods(mood_inputs(analysis.tags, found), cold_start()),
        "tags": dict(zip(MODEL_TAGS, map(float, analysis.tags), strict=True)),
        "embedding": analysis.embedding.tolist(),
        "heads": {name: scores.tolist() for name, scores in analysis.heads.items()},
        "spaces": {name: vector.tolist() for name, vector in analysis.spaces.items()},
    }


def _print(report: dict[str, Any]) -> None:
    say(report["file"])
    if report["error"]:
        say(f"  cannot be heard: {report['error']}")
        return
    tags = sorted(report["tags"].items(), key=lambda tag: -tag[1])[:_TAGS_SHOWN]
    print_facts(
        [
            ("  duration", span(report["duration"])),
            *((f"  {name}", value) for name, value in descriptors(report)),
            ("  moods", percentages(report["moods"].items())),
            ("  tags", percentages(tags)),
        ]
    )
