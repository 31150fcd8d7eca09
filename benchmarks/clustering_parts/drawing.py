"""Score over CPU time as an SVG picture: one panel for each size, a step line for each search."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

Curve = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT, _EDGE = 380, 300, 48
_COLOURS = ("#0b6e4f", "#b5541c", "#3b5b92")


def draw(panels: Mapping[str, Mapping[str, Curve]], path: Path) -> None:
    """Curves by name, panels by title."""
    parts = [_panel(title, curves, _WIDTH * place) for place, (title, curves) in enumerate(panels.items())]
    size = f'width="{_WIDTH * len(panels)}" height="{_HEIGHT}"'
    style = 'font-family="sans-serif" font-size="11" fill="#333"'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>'
    path.write_text("\n".join([head, ground, *parts, "</svg>"]) + "\n")


def _panel(title: str, curves: Mapping[str, Curve], left: int) -> str:
    points = [point for curve in curves.values() for point in curve]
    first, last = (
        math.floor(math.log10(min(at for at, _ in points))),
        math.ceil(math.log10(max(at for at, _ in points))),
    )
    low = math.floor(10 * min(value for _, value in points)) / 10
    high = math.ceil(10 * max(value for _, value in points)) / 10

    def x(at: float) -> float:
        return left + _EDGE + (math.log10(at) - first) / (last - first) * (_WIDTH - 2 * _EDGE)

    def y(value: float) -> float:
        return _HEIGHT - _EDGE - (value - low) / max(high - low, 0.1) * (_HEIGHT - 2 * _EDGE)

    parts = [_text(left + _WIDTH / 2, 20, title, "middle")]
    parts.append(_text(left + _WIDTH / 2, _HEIGHT - 10, "CPU seconds", "middle"))
    for power in range(first, last + 1):
        at = x(10.0**power)
        parts.append(_line(at, y(low), at, y(high)))
        parts.append(_text(at, y(low) + 16, f"{10.0**power:g}", "middle"))
    for step in range(5):
        value = low + (high - low) * step / 4
        parts.append(_line(x(10.0**first), y(value), x(10.0**last), y(value)))
        parts.append(_text(x(10.0**first) - 6, y(value) + 4, f"{value:.2f}", "end"))
    for number, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        steps = [f"M{x(curve[0][0]):.1f},{y(curve[0][1]):.1f}"]
        steps += [f"H{x(at):.1f}V{y(value):.1f}" for at, value in _rises(curve)]
        parts.append(f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(x(10.0**first) + 8, y(high) + 14 + 15 * number, name, "start", colour))
    return "\n".join(parts)


def _rises(curve: Curve) -> Curve:
    """Where a curve rises, and where it ends; thousands of steps on one level are one line."""
    return [*(two for one, two in pairwise(curve) if two[1] != one[1]), curve[-1]]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'
