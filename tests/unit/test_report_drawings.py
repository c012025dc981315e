"""Numbers in words, and drawings: within their frame, right in size and place."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from engage_cli.report import svg, svg_ranges, words

# --- words


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.18, "USD", "$0.18"), (83158, "USD", "$83,158"), (123456, "GBP", "£123k"),
        (1.23e7, "EUR", "€12.3M"),
        (4.2e9, "USD", "$4.2B"), (1234, "SEK", "1,234\u00a0SEK"), (-5, "USD", "−$5.00"),
        (99.6, "bonus_points", "99.60\u00a0bonus points"),
    ],
)  # fmt: skip
def test_an_amount_is_short_and_has_its_unit(value: float, unit: str, text: str) -> None:
    assert words.amount(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.051, "5.1\u00a0%"), (0.5, "50\u00a0%"), (0, "0\u00a0%"), (None, "–")]
)
def test_a_share_is_a_percentage(value: float | None, text: str) -> None:
    assert words.share(value) == text


def test_a_measure_stands_with_its_interval_where_it_has_one() -> None:
    found = {"auc": 0.81234, "loss": None, "mae": 2.0, "ci": {"auc": [0.8, 0.83]}}
    assert words.with_interval(found, "auc").replace("\u00a0", " ") == "0.812 (0.800 to 0.830)"
    assert words.with_interval(found, "mae") == "2.000"
    assert words.with_interval(found, "loss") == "–"
    assert words.with_interval(None, "auc") == "–"


def test_a_list_is_read_aloud() -> None:
    assert [words.listed(x) for x in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]


# --- drawings


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.97, 1), (1, 1), (1180, 1500), (3.1, 4), (501, 600), (216, 250)]
)
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert svg.nice_ceiling(value) == pytest.approx(top)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (-1.9, 2.3, [-1, 0, 1, 2]), (0, 250, [0, 50, 100, 150, 200, 250])],
)
def test_ticks_are_round_and_within_the_axis(low: float, high: float, expected: list[float]) -> None:
    assert svg.ticks(low, high) == expected


def test_empty_plots_can_be_drawn() -> None:
    drawings = [
        svg.bars([], title="none"),
        svg.stacked_bars([], title="none"),
        svg.columns([], title="none", x_label="x", y_label="y", x_ticks=[]),
        svg_ranges.estimates([], title="none", x_label="x", fmt=str),
        svg_ranges.boxes([], title="none", x_label="x", y_label="y"),
        svg_ranges.swarms([], [-1, 0, 1], title="none", x_label="x"),
    ]
    for drawing in drawings:
        assert ET.fromstring(drawing).attrib["aria-label"] == "none"


def test_points_outside_the_axes_stay_inside_the_drawing() -> None:
    drawing = svg.lines([svg.Series("s", [(-1, 5), (9, -2)], "c")], title="t", x_label="x", y_label="y")
    path = re.search(r' d="([^"]+)"', drawing)
    assert path
    for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path[1]):
        assert 0 <= float(x) <= svg.WIDTH
        assert 0 <= float(y) <= 280


def test_columns_of_a_group_stand_side_by_side_and_are_as_high_as_their_values() -> None:
    group = [svg.Bar("before", 10, "10", "c-muted"), svg.Bar("now", 5, "5", "c-accent")]
    drawing = svg.columns([group, group], title="t", x_label="x", y_label="y", x_ticks=[])
    found = [
        {k: float(r.attrib[k]) for k in ("x", "width", "height")}
        for r in ET.fromstring(drawing)
        if r.tag == "rect"
    ]
    assert [r["height"] for r in found[:2]] == pytest.approx([192, 96], abs=0.2)
    for one, other in pairwise(found):
        assert one["x"] + one["width"] <= other["x"] + 0.2


def test_an_estimate_lies_within_its_interval_and_a_higher_one_further_right() -> None:
    rows = [svg_ranges.Estimate("a", 0.5, (0.4, 0.6)), svg_ranges.Estimate("b", 0.8, None)]
    drawing = ET.fromstring(svg_ranges.estimates(rows, title="t", x_label="x", fmt=lambda v: f"{v:.2f}"))
    dots = [float(e.attrib["cx"]) for e in drawing if e.tag == "circle"]
    (whisker,) = [e.attrib for e in drawing if e.attrib.get("class", "").startswith("whisker")]
    assert float(whisker["x1"]) < dots[0] < float(whisker["x2"]) < dots[1] < svg.WIDTH


def test_a_box_is_drawn_from_the_lower_to_the_upper_quarter() -> None:
    drawing = ET.fromstring(
        svg_ranges.boxes([svg_ranges.Box("1", (-2, -1, 0, 1, 2), 0.5)], title="t", x_label="x", y_label="y")
    )
    (whisker,) = [e.attrib for e in drawing if e.attrib.get("class", "").startswith("whisker")]
    (box,) = [e.attrib for e in drawing if e.tag == "rect"]
    long = float(whisker["y1"]) - float(whisker["y2"])
    assert float(box["height"]) == pytest.approx(long / 2, abs=0.2)


def test_a_swarm_is_thicker_where_more_customers_are_and_coloured_by_their_values() -> None:
    rows = [svg_ranges.Swarm("f", [0, 4, 16], [None, 0.0, 1.0])]
    drawing = ET.fromstring(svg_ranges.swarms(rows, [-1, 0, 1, 2], title="t", x_label="x"))
    low, high = [e.attrib for e in drawing if e.tag == "rect"]
    assert float(high["height"]) == pytest.approx(2 * float(low["height"]), abs=0.2)
    assert (low["class"], high["class"]) == ("s-0", "s-4")
    assert svg_ranges.shade(None) == "s-none"


def test_long_labels_are_cut_and_told_in_full_by_the_tip() -> None:
    name = "a very long name of a feature of a model"
    drawing = ET.fromstring(svg.bars([svg.Bar(name, 1, "1")], title="t"))
    (shown,) = [e for e in drawing if e.attrib.get("class") == "t-label"]
    assert str(shown.text).endswith("…")
    assert name in "".join(shown.itertext())


def test_a_sentence_stands_above_its_bar_in_at_most_two_lines() -> None:
    name = "1 active day in the last 4 weeks, 1 in the last 12 " * 3
    drawing = ET.fromstring(svg.stacked_bars([svg.Bar(name, 4, "4"), svg.Bar("short", 2, "2")], title="t"))
    labels = [e for e in drawing if e.attrib.get("class") == "t-label"]
    assert [str(e.text)[:5] for e in labels] == ["1 act", "1 act", "short"]
    first, second = [e.attrib for e in drawing if e.tag == "rect"]
    assert (
        float(labels[1].attrib["y"]) < float(first["y"]) < float(labels[2].attrib["y"]) < float(second["y"])
    )
    assert float(first["width"]) == pytest.approx(2 * float(second["width"]), abs=0.2)


def test_texts_in_drawings_are_escaped() -> None:
    for drawing in (
        svg.bars([svg.Bar("<b>", 1, "1")], title='"<t>"'),
        svg.stacked_bars([svg.Bar("<b>", 1, "1")], title="<t>"),
        svg_ranges.estimates([svg_ranges.Estimate("<b>", 1, None)], title="<t>", x_label="<x>", fmt=str),
        svg_ranges.swarms([svg_ranges.Swarm("<b>", [1], [0.5])], [0, 1], title="<t>", x_label="x"),
    ):
        assert "<b>" not in drawing
        ET.fromstring(drawing)
