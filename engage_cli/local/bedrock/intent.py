"""What a question asks for, once it was understood."""

from dataclasses import dataclass

from engage_cli.local.bedrock.lexicon import Dimension, Flag
from engage_cli.local.bedrock.thresholds import Filter
from engage_cli.local.bedrock.vocabulary import Metric


@dataclass(frozen=True)
class Intent:
    """What is asked. `kind`: aggregate, customers, share, reasons, segments, customer, knowledge, lookup or
    unknown.

    `segments` are the segments that a question of the kind segments names (none: all of them), and
    `asks_action` whether it asks what to do. Of a question of the kind knowledge, `metrics` and `filters` are
    what the defined word stands for. `only_active`: a list of churn risk was narrowed to the recently active.
    """

    kind: str
    metrics: tuple[Metric, ...] = ()
    aggregate: str = "avg"
    group_by: tuple[Dimension | Flag, ...] = ()
    filters: tuple[Filter, ...] = ()
    share_of: tuple[Filter, ...] = ()
    descending: bool | None = None
    limit: int | None = None
    customer_ids: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    asks_action: bool = False
    only_active: bool = False
