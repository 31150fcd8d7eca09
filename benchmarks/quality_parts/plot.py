"""Groups of bars as SVG, written by hand: it needs nothing installed and differs only where figures do."""

from collections.abc import Mapping
from html import escape

__all__ = ["bars"]

_COLOURS = ("#2a6f97", "#61a5c2", "#a9d6e5", "#bbbbbb", "#e07a5f", "#f2cc8f")
_HEIGHT, _BAR, _GAP, _LEFT, _TOP = 200, 20, 30, 40, 30


def bars(groups: Mapping[str, Mapping[str, float | None]]) -> str:
    """One group for each question, one bar for each way, from 0 to 1."""
    names = list(next(iter(groups.values())))
    width = len(groups) * (len(names) * _BAR + _GAP) + _LEFT + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT + 100}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{_HEIGHT + 100}" fill="white"/>',
    ]
    for tenth in range(0, 11, 2):
        y = _TOP + _HEIGHT * (1 - tenth / 10)
        parts.append(f'<line x1="{_LEFT}" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:g}</text>')
    for at, (title, values) in enumerate(groups.items()):
        x = _LEFT + _GAP / 2 + at * (len(names) * _BAR + _GAP)
        middle = x + len(names) * _BAR / 2
        parts.append(
            f'<text x="{middle:.0f}" y="{_TOP + _HEIGHT + 16}" text-anchor="middle">{escape(title)}</text>'
        )
        parts += [_bar(x + number * _BAR, number, name, values[name]) for number, name in enumerate(names)]
    for number, name in enumerate(names):
        x, y = _LEFT + number % 3 * 220, _TOP + _HEIGHT + 36 + number // 3 * 16
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{_COLOURS[number]}"/>')
        parts.append(f'<text x="{x + 15}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(x: float, number: int, name: str, value: float | None) -> str:
    height = _HEIGHT * (value or 0)
    return (
        f'<rect x="{x:.1f}" y="{_TOP + _HEIGHT - height:.1f}" width="{_BAR - 2}" height="{height:.1f}" '
        f'fill="{_COLOURS[number]}"><title>{escape(name)}: {value or 0:.3f}</title></rect>'
    )
