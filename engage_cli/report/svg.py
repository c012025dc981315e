"""Plots as inline SVG, without a library: columns, bars and lines.

Colours come from CSS classes of the page (`c-high`, `c-series-1`, ...), so that light and dark both fit.
The drawing is 400 units wide, about the width of a card, so that its text keeps its size on a phone.
Each plot has a `<title>` that says what it shows; the page puts the numbers in a table beside it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 12, 46
_LETTER = 7.4  # about the width of a letter of the labels
Format = Callable[[float], str]


@dataclass(frozen=True)
class Series:
    """A line: points (x, y), its CSS class, and whether its points are marked."""

    name: str
    points: Sequence[tuple[float, float]]
    css: str
    marks: bool = False


@dataclass(frozen=True)
class Bar:
    """A bar or a column: its label, value, the text at its end and its CSS class."""

    label: str
    value: float
    text: str
    css: str = "c-accent"


def columns(
    bars: Sequence[Bar],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_ticks: Sequence[tuple[float, str]],
    height: int = 250,
) -> str:
    """Draw upright columns side by side. `x_ticks` are (position 0 to 1 along the axis, text)."""
    plot_width, plot_height = WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    top = nice_ceiling(max((bar.value for bar in bars), default=0))
    step = plot_width / max(1, len(bars))
    parts = [_y_axis(top, plot_height, y_label, compact)]
    for index, bar in enumerate(bars):
        bar_height = plot_height * bar.value / top
        x, y = _LEFT + index * step + 1, _TOP + plot_height - bar_height
        tip = f"<title>{escape(bar.label)}: {escape(bar.text)}</title>"
        box = f'x="{x:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{bar_height:.1f}"'
        parts.append(f'<rect class="{bar.css}" {box}>{tip}</rect>')
    parts.append(_x_axis(x_ticks, x_label, height))
    return _svg(title, height, parts)


def bars(rows: Sequence[Bar], *, title: str, label_width: float = 150) -> str:
    """Draw bars that lie, one below the other: labels left (at most `label_width`), texts at the ends."""
    row_height = 27
    label_width = min(label_width, _LETTER * max((len(bar.label) for bar in rows), default=0) + 12)
    text_width = _LETTER * max((len(bar.text) for bar in rows), default=0) + 10
    room = WIDTH - label_width - text_width
    top = max((bar.value for bar in rows), default=0) or 1
    parts = []
    for index, bar in enumerate(rows):
        y = index * row_height + 4
        length = max(1.0, room * bar.value / top)
        label = _cut(bar.label, label_width)
        tip = f"<title>{escape(bar.label)}: {escape(bar.text)}</title>"
        parts.append(
            f'<text class="t-label" x="{label_width - 8}" y="{y + 13}" text-anchor="end">{label}{tip}</text>'
        )
        box = f'x="{label_width}" y="{y}" width="{length:.1f}" height="18" rx="2"'
        parts.append(f'<rect class="{bar.css}" {box}>{tip}</rect>')
        end = label_width + length + 6
        parts.append(f'<text class="t-value" x="{end:.1f}" y="{y + 13}">{escape(bar.text)}</text>')
    return _svg(title, max(1, len(rows)) * row_height + 4, parts)


def lines(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_max: float = 1.0,
    y_max: float = 1.0,
    diagonal: bool = False,
    fmt: Format = lambda v: f"{v:g}",
    height: int = 280,
) -> str:
    """Draw lines over axes that begin at 0. `diagonal` adds the line y = x (chance, or perfect)."""
    plot_width, plot_height = WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        shown = min(max(y / y_max, 0.0), 1.0)
        return _LEFT + plot_width * min(max(x / x_max, 0.0), 1.0), _TOP + plot_height * (1 - shown)

    parts = [_y_axis(y_max, plot_height, y_label, fmt)]
    if diagonal:
        (x1, y1), (x2, y2) = at(0, 0), at(x_max, y_max)
        parts.append(f'<line class="reference" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')
    for line in reversed(series):  # the first series is drawn last, on top
        places = [at(x, y) for x, y in line.points]
        path = " ".join(f"{'M' if i == 0 else 'L'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(places))
        parts.append(f'<path class="line {line.css}" d="{path}"><title>{escape(line.name)}</title></path>')
        if line.marks:
            parts += [
                f'<circle class="mark {line.css}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places
            ]
    ticks = [(i / 4, fmt(x_max * i / 4)) for i in range(5)]
    parts.append(_x_axis(ticks, x_label, height))
    return _svg(title, height, parts)


def compact(value: float) -> str:
    """Return a number in little room: 1.2k, 3.4M."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    name = escape(title, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def _y_axis(top: float, plot_height: int, label: str, fmt: Format) -> str:
    parts = []
    for index in range(5):
        y = _TOP + plot_height * (1 - index / 4)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = escape(fmt(top * index / 4))
        parts.append(f'<text class="t-tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    middle = _TOP + plot_height / 2
    turn = f'transform="rotate(-90 12 {middle})"'
    parts.append(
        f'<text class="t-axis" x="12" y="{middle}" text-anchor="middle" {turn}>{escape(label)}</text>'
    )
    return "".join(parts)


def _x_axis(ticks: Sequence[tuple[float, str]], label: str, height: int) -> str:
    plot_width, base = WIDTH - _LEFT - _RIGHT, height - _BOTTOM
    parts = [f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{base}" y2="{base}"/>']
    for position, text in ticks:
        # The last label ends at the edge of the drawing: centred on its tick it would be cut off.
        last = position >= 1
        x = WIDTH - 1 if last else _LEFT + plot_width * position
        anchor = "end" if last else "middle"
        parts.append(
            f'<text class="t-tick" x="{x:.1f}" y="{base + 17}" text-anchor="{anchor}">{escape(text)}</text>'
        )
    middle = _LEFT + plot_width / 2
    parts.append(
        f'<text class="t-axis" x="{middle}" y="{height - 8}" text-anchor="middle">{escape(label)}</text>'
    )
    return "".join(parts)


def _cut(text: str, width: float) -> str:
    """Return the text, shortened to about `width` units."""
    most = int((width - 8) / _LETTER)
    return escape(text if len(text) <= most else text[: most - 1].rstrip() + "…")


def nice_ceiling(value: float) -> float:
    """Return the next 1, 2, 4, 5 or 8 times a power of ten, so that quarters of it are round."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value)
