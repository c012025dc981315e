"""The Glue crawler: DPU-hours of the crawls that began during the run."""

from decimal import Decimal
from typing import Any

from metering.records import Client, Scope, Used

# Billed per second with a minimum of ten minutes a crawl; AWS does not publish how many DPUs a crawl gets.
MINIMUM_SECONDS = 600
ASSUMED_DPUS = 2
_NOT_OFFERED = {"InvalidAction", "UnknownOperationException", "NotImplemented", "InternalFailure", "501"}


def load(client: Client, scope: Scope, error_code: Any) -> list[tuple[Decimal, float | None]]:
    """Seconds, and DPU-hours where they are reported, of the crawls that began within the run."""
    name = crawler_name(scope)
    crawls = _crawls(client, name, error_code)
    if crawls is not None:
        ours = [crawl for crawl in crawls if scope.covers(crawl["StartTime"])]
        return [(_seconds(crawl, scope), crawl.get("DPUHour")) for crawl in ours]
    last = client("glue").get_crawler(Name=name)["Crawler"].get("LastCrawl") or {}
    if "StartTime" not in last or not scope.covers(last["StartTime"]):
        return []
    metrics = client("glue").get_crawler_metrics(CrawlerNameList=[name])["CrawlerMetricsList"]
    seconds = Decimal(str(metrics[0].get("LastRuntimeSeconds", 0))) if metrics else Decimal()
    return [(seconds, None)]


def crawler_name(scope: Scope) -> str:
    """The environment's crawler."""
    return f"engage-{scope.env}-raw"


def usage(scope: Scope, crawls: list[tuple[Decimal, float | None]]) -> list[Used]:
    """A line for each crawl."""
    return [_line(crawler_name(scope), seconds, dpu_hours) for seconds, dpu_hours in crawls]


def _crawls(client: Client, name: str, error_code: Any) -> list[dict[str, Any]] | None:
    """The newest crawls; None where the endpoint does not offer the list."""
    try:
        crawls: list[dict[str, Any]] = client("glue").list_crawls(CrawlerName=name, MaxResults=20)["Crawls"]
    except client("glue").exceptions.ClientError as error:
        if error_code(error) in _NOT_OFFERED:
            return None
        raise
    return crawls


def _seconds(crawl: dict[str, Any], scope: Scope) -> Decimal:
    end = crawl.get("EndTime") or scope.now
    return Decimal(str((end - crawl["StartTime"]).total_seconds()))


def _line(name: str, seconds: Decimal, dpu_hours: float | None) -> Used:
    floor = Decimal(ASSUMED_DPUS * max(MINIMUM_SECONDS, seconds)) / 3600
    if dpu_hours:
        quantity = max(Decimal(str(dpu_hours)), floor if seconds < MINIMUM_SECONDS else Decimal())
        source = "ListCrawls: DPUHour of the crawl, at least 10 minutes"
    else:
        quantity, source = floor, "ListCrawls or GetCrawlerMetrics: seconds of the crawl, at least 10 minutes"
    return Used(
        "Glue",
        "Crawler",
        quantity,
        "DPU-hour",
        f"{name}: {seconds:.0f} s, billed as at least {MINIMUM_SECONDS} s",
        source,
        assumption=None
        if dpu_hours and seconds >= MINIMUM_SECONDS
        else f"unconfirmed: {ASSUMED_DPUS} DPUs, AWS does not publish how many a crawl gets",
    )
