"""Draws `architecture.svg`: `python docs/diagrams/build.py`. Standard library only.

Colours are CSS classes with a variant for dark mode, so the picture follows the reader's setting.
"""

from html import escape
from pathlib import Path

WIDTH, HEIGHT = 1080, 760
OUT = Path(__file__).with_name("architecture.svg")

STYLE = """
text { font-family: system-ui, sans-serif; fill: #1b2733; }
.page { fill: #ffffff; }
.band { fill: #f4f6f8; stroke: #c9d2da; }
.title { font-size: 14px; font-weight: 600; }
.name { font-size: 13px; font-weight: 600; text-anchor: middle; }
.note { font-size: 11px; fill: #44525f; text-anchor: middle; }
.say { font-size: 11px; fill: #44525f; }
.plain { fill: #ffffff; stroke: #7a8894; }
.lambda { fill: #fdebd3; stroke: #c47a1c; }
.fargate { fill: #dcebfb; stroke: #2f74b8; }
.data { fill: #dff2e3; stroke: #3a8a50; }
.ai { fill: #ece2f9; stroke: #7d55b5; }
.line { stroke: #5a6874; stroke-width: 1.4; fill: none; marker-end: url(#tip); }
.bare { marker-end: none; }
.dash { stroke-dasharray: 4 3; }
.tip { fill: #5a6874; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8edf2; }
  .page { fill: #11161c; }
  .band { fill: #1a222b; stroke: #3a4652; }
  .note, .say { fill: #b4c0cb; }
  .plain { fill: #232d37; stroke: #8996a2; }
  .lambda { fill: #4a3416; stroke: #dd9a45; }
  .fargate { fill: #1c3a57; stroke: #69a8e6; }
  .data { fill: #1e4029; stroke: #6bbd82; }
  .ai { fill: #392a56; stroke: #ae8ae0; }
  .line { stroke: #a3b0bc; }
  .tip { fill: #a3b0bc; }
}
"""

STEPS = (
    ("Prepare", "Lambda", "lambda"),
    ("Crawl", "Glue crawler", "data"),
    ("Validate", "Lambda, SQL", "lambda"),
    ("Split", "Lambda, SQL", "lambda"),
    ("Features", "Lambda, SQL", "lambda"),
    ("Train", "Fargate", "fargate"),
    ("Promote", "Lambda", "lambda"),
    ("Infer", "Fargate, shards", "fargate"),
    ("Publish", "Lambda, SQL", "lambda"),
    ("Monitor", "Lambda, SQL", "lambda"),
    ("Meter", "Lambda", "lambda"),
)


def box(x: int, y: int, width: int, height: int, kind: str, name: str, *notes: str) -> str:
    """A rounded box with a name and notes below it, centred."""
    middle = x + width / 2
    top = y + height / 2 - 7 * len(notes) + 5
    lines = [f'<text class="name" x="{middle}" y="{top}">{escape(name)}</text>']
    lines += [
        f'<text class="note" x="{middle}" y="{top + 15 * number}">{escape(note)}</text>'
        for number, note in enumerate(notes, 1)
    ]
    shape = f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
    return "\n".join([shape, *lines])


def band(y: int, height: int, title: str, remark: str = "") -> str:
    """A titled area over the whole width."""
    shape = f'<rect class="band" x="15" y="{y}" width="{WIDTH - 30}" height="{height}" rx="8"/>'
    words = f'<text class="title" x="30" y="{y + 22}">{escape(title)}</text>'
    more = f'<text class="say" x="{WIDTH - 30}" y="{y + 22}" text-anchor="end">{escape(remark)}</text>'
    return "\n".join([shape, words, more])


def line(*points: tuple[int, int], dashed: bool = False, tip: bool = True) -> str:
    """An arrow (or with `tip` False a line) through the points; dashed is data, solid is control."""
    path = " ".join(f"{x},{y}" for x, y in points)
    kind = f"line{' dash' if dashed else ''}{'' if tip else ' bare'}"
    return f'<polyline class="{kind}" points="{path}"/>'


def say(x: int, y: int, text: str, anchor: str = "start") -> str:
    return f'<text class="say" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def bands() -> list[str]:
    """The areas; drawn first, so that arrows cross their edges."""
    return [
        band(
            100, 148, "Every week: one Step Functions state machine", "any failure goes to Cleanup (Lambda)"
        ),
        band(274, 128, "Data"),
        band(436, 196, "On demand: one REST API with a key"),
        band(650, 92, "Beside it"),
    ]


def callers() -> list[str]:
    return [
        box(30, 20, 250, 52, "plain", "engage", "deploys, feeds, starts, asks, prices"),
        box(310, 20, 250, 52, "plain", "EventBridge Scheduler", "weekly; off until switched on"),
        line((435, 72), (435, 100)),
        line((155, 72), (155, 100)),
    ]


def weekly() -> list[str]:
    parts = []
    for number, (name, runs_on, kind) in enumerate(STEPS):
        x = 28 + 94 * number
        parts.append(box(x, 136, 87, 56, kind, name, runs_on))
        if number:
            parts.append(line((x - 7, 164), (x - 1, 164)))
    parts.append(line((148, 192), (148, 305), dashed=True))
    parts.append(line((200, 192), (200, 305), dashed=True))
    for step in (2, 3, 4, 8, 9):
        x = 71 + 94 * step
        parts.append(line((x, 192), (x, 216), dashed=True, tip=False))
    parts.append(line((259, 216), (917, 216), dashed=True, tip=False))
    parts.append(line((488, 216), (488, 305), dashed=True))
    parts.append(line((541, 192), (541, 232), (700, 232), (700, 305), dashed=True))
    parts.append(line((760, 192), (760, 305), dashed=True))
    parts.append(line((1011, 192), (1011, 232), (850, 232), (850, 305), dashed=True))
    parts += [say(142, 266, "reads files", "end"), say(206, 266, "writes tables")]
    parts.append(say(496, 266, "all SQL of the steps"))
    parts.append(say(858, 266, "models, predictions, usage"))
    return parts


def data() -> list[str]:
    return [
        box(30, 306, 130, 78, "data", "S3 raw", "customers,", "weekly activity"),
        box(186, 306, 130, 78, "data", "Glue catalog", "raw and lake", "tables"),
        box(408, 306, 160, 78, "data", "Athena", "workgroup with a", "limit of bytes"),
        box(
            628,
            306,
            260,
            78,
            "data",
            "S3 lake",
            "clean data, features, models,",
            "predictions, knowledge, usage",
        ),
        box(914, 306, 136, 78, "data", "S3 truth", "synthetic truth;", "no role may read it"),
        line((186, 345), (161, 345), dashed=True),
        line((408, 345), (317, 345), dashed=True),
        line((568, 345), (627, 345), dashed=True),
    ]


def on_demand() -> list[str]:
    return [
        box(30, 500, 120, 56, "plain", "Client", "or engage"),
        box(182, 500, 130, 56, "plain", "API Gateway", "key, limits, checks"),
        box(372, 470, 130, 56, "lambda", "predict", "Lambda"),
        box(372, 556, 130, 56, "lambda", "ask", "Lambda, tool loop"),
        box(586, 470, 130, 56, "data", "DynamoDB", "cache with a TTL"),
        box(760, 470, 140, 56, "fargate", "Bulk job", "Step Functions, Fargate"),
        box(586, 556, 130, 56, "ai", "Bedrock", "Converse, guardrail"),
        box(760, 556, 290, 56, "ai", "Knowledge base", "Titan embeddings, S3 Vectors"),
        line((150, 528), (181, 528)),
        line((312, 518), (342, 518), (342, 498), (371, 498)),
        line((312, 538), (342, 538), (342, 584), (371, 584)),
        line((502, 498), (585, 498)),
        line((540, 498), (540, 458), (830, 458), (830, 469)),
        line((502, 584), (585, 584)),
        line((540, 584), (540, 622), (905, 622), (905, 613)),
        line((437, 470), (437, 420), (758, 420), (758, 385), dashed=True),
        line((372, 600), (357, 600), (357, 412), (488, 412), (488, 385), dashed=True),
        line((437, 556), (437, 527)),
        line((900, 498), (960, 498), (960, 420), (872, 420), (872, 385), dashed=True),
        say(765, 416, "features, model"),
        say(352, 416, "SQL", "end"),
        say(552, 453, "more than 100 customers"),
    ]


def operations() -> list[str]:
    return [
        box(30, 682, 240, 46, "plain", "CloudWatch, X-Ray", "logs, metrics, alarms, dashboard, traces"),
        box(290, 682, 240, 46, "plain", "IAM, Secrets Manager", "a role for each function and task; key"),
        box(550, 682, 240, 46, "plain", "S3 artifacts, ECR, CodeBuild", "code by content; two images"),
        box(810, 682, 240, 46, "plain", "Budgets, SNS", "mails at 50, 80 and 100 %"),
    ]


def drawing() -> str:
    """The whole SVG."""
    marker = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
        'orient="auto"><path class="tip" d="M0,0 L8,4 L0,8 z"/></marker></defs>'
    )
    parts = [*bands(), *callers(), *weekly(), *data(), *on_demand(), *operations()]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="Architecture of engage: weekly pipeline, data, API and operations">'
    )
    page = f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", marker, page, *parts, "</svg>", ""])


if __name__ == "__main__":
    OUT.write_text(drawing(), encoding="utf-8")
