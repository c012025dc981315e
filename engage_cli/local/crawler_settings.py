"""What a crawler was told: its Configuration, policies and targets, checked. What we do not do is refused.

Runs in the endpoint process.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from engage_cli.local.crawler_layout import Grouping

Json = dict[str, Any]
_KNOWN = {"Version", "CrawlerOutput", "Grouping", "CreatePartitionIndex"}
_NEW_FOLDERS = "CRAWL_NEW_FOLDERS_ONLY"
_CRAWLS = {"", "CRAWL_EVERYTHING", _NEW_FOLDERS}


class SettingsError(ValueError):
    """A setting that Glue refuses, or that this crawler does not do; the message names it."""


@dataclass(frozen=True)
class CrawlSettings:
    """The settings of a crawl, resolved."""

    update: str
    delete: str
    merge_new_columns: bool
    inherit: bool
    grouping: Grouping
    new_folders_only: bool

    @property
    def incremental(self) -> "CrawlSettings":
        """The same for a crawl of new folders, in which Glue changes and deletes nothing."""
        return replace(self, update="LOG", delete="LOG")

    def of_target(self, target: Json) -> Grouping:
        """Grouping with the target's SampleSize. Raises SettingsError."""
        size = target.get("SampleSize")
        if size is None:
            return self.grouping
        if not 1 <= int(size) <= 249:
            raise SettingsError(f"SampleSize must be between 1 and 249, not {size}")
        return replace(self.grouping, sample=int(size))


def resolve(crawler: Json) -> CrawlSettings:
    """The settings of a crawler's record. Raises SettingsError."""
    configuration = _configuration(crawler)
    output = configuration.get("CrawlerOutput") or {}
    grouping = configuration.get("Grouping") or {}
    level = grouping.get("TableLevelConfiguration")
    if level is not None and (not isinstance(level, int) or level < 1):
        raise SettingsError(f"TableLevelConfiguration must be a whole number from 1, not {level!r}")
    policy = grouping.get("TableGroupingPolicy")
    if policy not in (None, "CombineCompatibleSchemas"):
        raise SettingsError(f"TableGroupingPolicy {policy!r} is not known")
    change = crawler.get("SchemaChangePolicy") or {}
    behaviour = (crawler.get("RecrawlPolicy") or {}).get("RecrawlBehavior") or ""
    if behaviour not in _CRAWLS:
        raise SettingsError(f"The local crawler does not do RecrawlBehavior {behaviour}")
    return CrawlSettings(
        update=change.get("UpdateBehavior") or "UPDATE_IN_DATABASE",
        delete=change.get("DeleteBehavior") or "DEPRECATE_IN_DATABASE",
        merge_new_columns=(output.get("Tables") or {}).get("AddOrUpdateBehavior") == "MergeNewColumns",
        inherit=(output.get("Partitions") or {}).get("AddOrUpdateBehavior") == "InheritFromTable",
        grouping=Grouping(combine=policy is not None, level=level),
        new_folders_only=behaviour == _NEW_FOLDERS,
    )


def problem(crawler: Json) -> str | None:
    """Why CreateCrawler and UpdateCrawler refuse these settings, or None."""
    try:
        settings = resolve(crawler)
        for target in (crawler.get("Targets") or {}).get("S3Targets") or []:
            settings.of_target(target)
    except SettingsError as exc:
        return str(exc)
    if settings.new_folders_only and (settings.update, settings.delete) != ("LOG", "LOG"):
        return (
            'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only LOG '
            "DeleteBehavior value and only LOG UpdateBehavior value."
        )
    return None


def _configuration(crawler: Json) -> Json:
    try:
        configuration = json.loads(crawler.get("Configuration") or "{}")
    except ValueError as exc:
        raise SettingsError(f"The crawler's Configuration is no JSON: {exc}") from exc
    if not isinstance(configuration, dict):
        raise SettingsError("The crawler's Configuration must be a JSON object")
    unknown = sorted(set(configuration) - _KNOWN)
    if unknown:
        raise SettingsError(f"The local crawler does not know {', '.join(unknown)} in its Configuration")
    return configuration
