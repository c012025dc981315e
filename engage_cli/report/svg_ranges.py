"""Plots of ranges and distributions: estimates with intervals, boxes by group, and swarms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from engage_cli.report.svg import (
    BOTTOM,
    RIGHT,
    TOP,
    WIDTH,
    Axes,
    Format,
    compact,
    draw_x,
    drawing,
    label,
    label_room,
    ticks,
    tip,
)

SHADES = 5
"""Steps of colour from the lowest value of a feature (`s-0`) to the highest; `s-none` has no order."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval (None: not known)."""

    label: str
    value: float
    interval: tuple[float, float] | None
    css: str = "c-accent"


def estimates(rows: Sequence[Estimate], *, title: str, x_label: str, fmt: Format) -> str:
    """Draw a dot for each value and a line for its interval, one below the other."""
    row_height = 30
    label_width = label_room((r.label for r in rows), 190)
    height = TOP + row_height * max(1, len(rows)) + BOTTOM
    ends: list[float] = [v for r in rows for v in (r.value, *(r.interval or ()))] or [0.0, 1.0]
    low, high = min(ends), max(ends)
    spare = (high - low) * 0.08 or 0.05
    low, high = low - spare, high + spare

    def at(value: float) -> float:
        return label_width + (WIDTH - label_width - RIGHT) * (value - low) / (high - low)

    parts = [_grid(at(v), height) for v in ticks(low, high)]
    for index, row in enumerate(rows):
        y = TOP + row_height * index + row_height / 2
        said = fmt(row.value)
        if row.interval:
            said += f" ({fmt(row.interval[0])} to {fmt(row.interval[1])})"
            x1, x2 = at(row.interval[0]), at(row.interval[1])
            parts.append(f'<line class="whisker {row.css}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y}" y2="{y}"/>')
        parts.append(label(row.label, label_width, y + 4, tip(row.label, said)))
        mark = f'cx="{at(row.value):.1f}" cy="{y}" r="5"'
        parts.append(f'<circle class="mark {row.css}" {mark}>{tip(row.label, said)}</circle>')
    parts.append(draw_x([(at(v), fmt(v)) for v in ticks(low, high)], x_label, height, label_width))
    return drawing(title, height, parts)


@dataclass(frozen=True)
class Box:
    """A group's quantiles (10, 25, 50, 75, 90 %) and mean."""

    label: str
    quantiles: tuple[float, float, float, float, float]
    mean: float


def boxes(rows: Sequence[Box], *, title: str, x_label: str, y_label: str, height: int = 280) -> str:
    """Draw a box for each group: whiskers from 10 to 90 %, box from 25 to 75 %, line at the median, dot at
    the mean.
    """
    ends = [v for r in rows for v in (*r.quantiles, r.mean, 0.0)] or [0.0, 1.0]
    spare = (max(ends) - min(ends)) * 0.05 or 0.05
    axes = Axes((0, max(1, len(rows))), (min(ends) - spare, max(ends) + spare), height)
    zero = axes.at_y(0)
    parts = [axes.draw_y(y_label, compact)]
    parts.append(
        f'<line class="reference" x1="{axes.at_x(0)}" x2="{WIDTH - RIGHT}" y1="{zero:.1f}" y2="{zero:.1f}"/>'
    )
    for index, row in enumerate(rows):
        x = axes.at_x(index + 0.5)
        p10, p25, p50, p75, p90 = (axes.at_y(v) for v in row.quantiles)
        half = f"{compact(row.quantiles[1])} to {compact(row.quantiles[3])}"
        said = f"half of them {half}, mean {compact(row.mean)}"
        line = f'<line class="whisker c-accent" x1="{x:.1f}" x2="{x:.1f}" y1="{p10:.1f}" y2="{p90:.1f}"/>'
        box = f'x="{x - 9:.1f}" y="{p75:.1f}" width="18" height="{max(1.0, p25 - p75):.1f}"'
        middle = f'<line class="median" x1="{x - 9:.1f}" x2="{x + 9:.1f}" y1="{p50:.1f}" y2="{p50:.1f}"/>'
        mean = f'<circle class="mark c-medium" cx="{x:.1f}" cy="{axes.at_y(row.mean):.1f}" r="3.5"/>'
        parts.append(f'{line}<rect class="box" {box}>{tip(row.label, said)}</rect>{middle}{mean}')
    places = [(axes.at_x(i + 0.5), row.label) for i, row in enumerate(rows)]
    parts.append(draw_x(places, x_label, height))
    return drawing(title, height, parts)


@dataclass(frozen=True)
class Swarm:
    """A row of a swarm: rows by bin, and the mean rank (0 to 1, None: no order) of the value in each bin."""

    label: str
    counts: Sequence[int]
    heights: Sequence[float | None]


def swarms(rows: Sequence[Swarm], edges: Sequence[float], *, title: str, x_label: str) -> str:
    """Draw the rows of a beeswarm: how thick a row is tells how many customers are there, its colour how
    high the feature's value is among them.
    """
    row_height, label_width = 34, label_room((r.label for r in rows), 180)
    height = TOP + row_height * max(1, len(rows)) + BOTTOM
    low, high = edges[0], edges[-1]

    def at(value: float) -> float:
        return label_width + (WIDTH - label_width - RIGHT) * (value - low) / (high - low)

    zero = at(0.0)
    parts = [f'<line class="reference" x1="{zero:.1f}" x2="{zero:.1f}" y1="4" y2="{height - BOTTOM}"/>']
    for index, row in enumerate(rows):
        y = TOP + row_height * index + row_height / 2
        parts.append(label(row.label, label_width, y + 4, f"<title>{escape(row.label)}</title>"))
        # By the square root, so that a few customers far out are still to be seen.
        most = math.sqrt(max(row.counts, default=0)) or 1.0
        for bin_, customers in enumerate(row.counts):
            if not customers:
                continue
            half = max(1.2, (row_height / 2 - 2) * math.sqrt(customers) / most)
            x1, x2 = at(edges[bin_]), at(edges[bin_ + 1])
            box = f'x="{x1:.1f}" y="{y - half:.1f}" width="{x2 - x1 + 0.3:.1f}" height="{2 * half:.1f}"'
            parts.append(f'<rect class="{shade(row.heights[bin_])}" {box}/>')
    places = [(at(v), f"{v:+g}" if v else "0") for v in ticks(low, high)]
    parts.append(draw_x(places, x_label, height, label_width))
    return drawing(title, height, parts)


def shade(height: float | None) -> str:
    """Return the CSS class of a mean rank."""
    return "s-none" if height is None else f"s-{min(SHADES - 1, int(height * SHADES))}"


def _grid(x: float, height: float) -> str:
    return f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>'
