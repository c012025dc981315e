"""Plots as inline SVG, without a library: axes, columns, bars and lines. `svg_ranges` has the others.

Colours come from CSS classes of the page (`c-high`, `c-series-1`, ...), so that light and dark both fit.
The drawing is 400 units wide, about the width of a card, so that its text keeps its size on a phone.
Each plot has a name that says what it shows; the page puts the numbers in a table beside it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

WIDTH = 400
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 46
LETTER = 8.0  # about the width of a letter of the labels
Format = Callable[[float], str]
Range = tuple[float, float]


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


@dataclass(frozen=True)
class Axes:
    """Two axes over a plot of `height` units, and where a point of the data lies on it."""

    x: Range
    y: Range
    height: int

    @property
    def plot_height(self) -> float:
        return self.height - TOP - BOTTOM

    def at_x(self, value: float) -> float:
        low, high = self.x
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max((value - low) / (high - low), 0.0), 1.0)

    def at_y(self, value: float) -> float:
        low, high = self.y
        return TOP + self.plot_height * (1 - min(max((value - low) / (high - low), 0.0), 1.0))

    def draw(self, x_label: str, y_label: str, x_format: Format, y_format: Format) -> str:
        """Draw both axes with ticks at round numbers."""
        x_ticks = [(self.at_x(v), x_format(v)) for v in ticks(*self.x)]
        return self.draw_y(y_label, y_format) + draw_x(x_ticks, x_label, self.height)

    def draw_y(self, label: str, fmt: Format) -> str:
        parts = []
        for value in ticks(*self.y):
            y = self.at_y(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            text = escape(fmt(value))
            parts.append(
                f'<text class="t-tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
            )
        middle = TOP + self.plot_height / 2
        turn = f'transform="rotate(-90 12 {middle})"'
        parts.append(
            f'<text class="t-axis" x="12" y="{middle}" text-anchor="middle" {turn}>{escape(label)}</text>'
        )
        return "".join(parts)


def draw_x(places: Sequence[tuple[float, str]], label: str, height: int, left: float = LEFT) -> str:
    """Draw the x axis with texts at the given places, those at the ends kept inside the drawing."""
    base = height - BOTTOM
    parts = [f'<line class="axis" x1="{left}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>']
    for x, text in places:
        half = LETTER * len(text) / 2
        x = min(x, WIDTH - 1 - half)
        parts.append(
            f'<text class="t-tick" x="{x:.1f}" y="{base + 17}" text-anchor="middle">{escape(text)}</text>'
        )
    middle = left + (WIDTH - left - RIGHT) / 2
    parts.append(
        f'<text class="t-axis" x="{middle:.1f}" y="{height - 8}" text-anchor="middle">{escape(label)}</text>'
    )
    return "".join(parts)


def columns(
    groups: Sequence[Sequence[Bar]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_ticks: Sequence[tuple[float, str]],
    y_format: Format | None = None,
    height: int = 250,
) -> str:
    """Draw upright columns; those of a group stand side by side. `x_ticks` are (position 0 to 1, text)."""
    top = nice_ceiling(max((bar.value for group in groups for bar in group), default=0))
    axes = Axes((0, 1), (0, top), height)
    parts = [axes.draw_y(y_label, y_format or compact)]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(groups))
    for index, group in enumerate(groups):
        gap = min(2.0, step / 5)
        width = (step - gap) / max(1, len(group))
        for at, bar in enumerate(group):
            y = axes.at_y(bar.value)
            x = LEFT + index * step + gap / 2 + at * width
            box = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height - BOTTOM - y:.1f}"'
            parts.append(f'<rect class="{bar.css}" {box}>{tip(bar.label, bar.text)}</rect>')
    parts.append(draw_x([(axes.at_x(at), text) for at, text in x_ticks], x_label, height))
    return drawing(title, height, parts)


def bars(rows: Sequence[Bar], *, title: str, label_width: float = 150) -> str:
    """Draw bars that lie, one below the other: labels left (at most `label_width`), texts at the ends."""
    row_height = 27
    label_width = label_room((bar.label for bar in rows), label_width)
    text_width = LETTER * max((len(bar.text) for bar in rows), default=0) + 10
    room = WIDTH - label_width - text_width
    top = max((bar.value for bar in rows), default=0) or 1
    parts = []
    for index, bar in enumerate(rows):
        y = index * row_height + 4
        length = max(1.0, room * bar.value / top)
        parts.append(label(bar.label, label_width, y + 13, tip(bar.label, bar.text)))
        box = f'x="{label_width:.1f}" y="{y}" width="{length:.1f}" height="18" rx="2"'
        parts.append(f'<rect class="{bar.css}" {box}>{tip(bar.label, bar.text)}</rect>')
        end = label_width + length + 6
        parts.append(f'<text class="t-value" x="{end:.1f}" y="{y + 13}">{escape(bar.text)}</text>')
    return drawing(title, max(1, len(rows)) * row_height + 4, parts)


def stacked_bars(rows: Sequence[Bar], *, title: str) -> str:
    """Draw bars that lie, each under its label of at most two lines: for labels that are sentences."""
    text_width = LETTER * max((len(bar.text) for bar in rows), default=0) + 10
    top = max((bar.value for bar in rows), default=0) or 1
    parts, y = [], 4
    for bar in rows:
        more = tip(bar.label, bar.text)
        for text in wrap(bar.label, int(WIDTH / LETTER), max_lines=2, placeholder="…"):
            parts.append(f'<text class="t-label" x="0" y="{y + 12}">{escape(text)}{more}</text>')
            y += 16
        length = max(1.0, (WIDTH - text_width) * bar.value / top)
        box = f'x="0" y="{y + 2}" width="{length:.1f}" height="14" rx="2"'
        parts.append(f'<rect class="{bar.css}" {box}>{more}</rect>')
        parts.append(f'<text class="t-value" x="{length + 6:.1f}" y="{y + 14}">{escape(bar.text)}</text>')
        y += 28
    return drawing(title, y, parts)


def lines(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x: Range = (0.0, 1.0),
    y: Range = (0.0, 1.0),
    diagonal: bool = False,
    level: float | None = None,
    fmt: Format = lambda v: f"{v:g}",
    y_format: Format | None = None,
    height: int = 280,
) -> str:
    """Draw lines. `diagonal` adds the line y = x (chance, or perfect), `level` a horizontal one."""
    axes = Axes(x, y, height)
    parts = [axes.draw(x_label, y_label, fmt, y_format or fmt)]
    if diagonal:
        parts.append(_reference(axes, (x[0], x[0]), (x[1], x[1])))
    if level is not None:
        parts.append(_reference(axes, (x[0], level), (x[1], level)))
    for line in reversed(series):  # the first series is drawn last, on top
        places = [(axes.at_x(px), axes.at_y(py)) for px, py in line.points]
        path = " ".join(f"{'M' if i == 0 else 'L'}{px:.1f} {py:.1f}" for i, (px, py) in enumerate(places))
        parts.append(f'<path class="line {line.css}" d="{path}"><title>{escape(line.name)}</title></path>')
        if line.marks:
            parts += [
                f'<circle class="mark {line.css}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>' for px, py in places
            ]
    return drawing(title, height, parts)


def _reference(axes: Axes, one: tuple[float, float], other: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = ((axes.at_x(x), axes.at_y(y)) for x, y in (one, other))
    return f'<line class="reference" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def drawing(title: str, height: float, parts: Sequence[str]) -> str:
    """Return the SVG element with its accessible name."""
    name = escape(title, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def label(text: str, width: float, y: float, more: str = "") -> str:
    """Return a text that ends at the left edge of the plot, shortened to `width` units."""
    most = int((width - 8) / LETTER)
    shown = escape(text if len(text) <= most else text[: most - 1].rstrip() + "…")
    return f'<text class="t-label" x="{width - 8:.1f}" y="{y:g}" text-anchor="end">{shown}{more}</text>'


def label_room(texts: Iterable[str], most: float) -> float:
    """Return the width that the longest label needs, at most `most`."""
    return min(most, LETTER * max((len(text) for text in texts), default=0) + 16)


def tip(name: str, text: str) -> str:
    """Return what a browser shows when the pointer rests on a mark."""
    return f"<title>{escape(name)}: {escape(text)}</title>"


def compact(value: float) -> str:
    """Return a number in little room: 1.2k, 3.4M."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def percent(value: float) -> str:
    """Return a share of one as a tick: 25 %."""
    return f"{100 * value:.3g}\u00a0%"


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most about `most` round numbers from `low` to `high`, both included where they are round."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(at * step, 10) + 0.0 for at in range(first, math.floor(high / step + 1e-9) + 1)]


def nice_ceiling(value: float) -> float:
    """Return the next round number: 1, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value)
