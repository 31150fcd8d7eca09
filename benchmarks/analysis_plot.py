"""Draws the figures of `analysis.py --json` as bars, in SVG.

.venv/bin/python benchmarks/analysis_plot.py FIGURES.json docs/benchmarks/analysis.svg
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.analysis import NAMES, Figures

_LEFT, _WIDTH, _BAR, _GAP, _TOP = 330, 460, 18, 10, 46
_COLOURS = ("#3b6ea5", "#6fa0cf", "#a8c6e2", "#c2703d", "#dd9d6a", "#8a8f3c", "#b9bd74", "#888888", "#bbbbbb")


def main() -> None:
    figures: Figures = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text("\n".join(drawing(figures)) + "\n")


def drawing(figures: Figures) -> Iterator[str]:
    """Lines of SVG: a bar for each engine, with its stages where they were measured."""
    stages = list(dict.fromkeys(stage for one in figures.values() for stage in one if stage != "total"))
    scale = _WIDTH / max(one["total"] for one in figures.values())
    height = _TOP + len(figures) * (_BAR + _GAP) + 30
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 70}" height="{height}" '
        f'font-family="sans-serif" font-size="13" fill="#222">'
    )
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    yield f'<text x="10" y="24" font-size="15">{escape("CPU seconds per 4-minute mp3, one thread")}</text>'
    for row, (engine, seconds) in enumerate(figures.items()):
        y = _TOP + row * (_BAR + _GAP)
        yield f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(NAMES[engine])}</text>'
        yield from _bars(seconds, stages, scale, y)
        end = _LEFT + seconds["total"] * scale
        yield f'<text x="{end + 6:.1f}" y="{y + 14}">{seconds["total"]:.2f}</text>'
    yield from _legend(stages, height - 18)
    yield "</svg>"


def _bars(seconds: dict[str, float], stages: list[str], scale: float, y: int) -> Iterator[str]:
    parts = [(number, seconds[stage]) for number, stage in enumerate(stages) if stage in seconds]
    if not parts:
        yield _rectangle(_LEFT, y, seconds["total"] * scale, "#55606b")
        return
    fit = seconds["total"] / sum(length for _, length in parts)  # stages were measured one by one
    x = float(_LEFT)
    for number, length in parts:
        yield _rectangle(x, y, length * fit * scale, _COLOURS[number % len(_COLOURS)])
        x += length * fit * scale


def _legend(stages: list[str], y: int) -> Iterator[str]:
    x = 10
    for number, stage in enumerate(stages):
        yield f'<rect x="{x}" y="{y}" width="10" height="10" fill="{_COLOURS[number % len(_COLOURS)]}"/>'
        yield f'<text x="{x + 14}" y="{y + 10}" font-size="11">{escape(stage)}</text>'
        x += 34 + 7 * len(stage)


def _rectangle(x: float, y: int, width: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'


if __name__ == "__main__":
    main()
