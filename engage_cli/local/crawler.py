"""A Glue crawler that reads the files: its settings, runs and reports; its record is MiniStack's.

`handle` wraps MiniStack's Glue service. A crawl runs in a thread in the account and region of the caller,
with the rights of the crawler's role: what the role may not do fails the crawl with IAM's message.
States as on AWS: READY, RUNNING, STOPPING (writing is done), READY. Runs in the endpoint process.
"""

import contextvars
import json
import logging
import threading
from collections.abc import Mapping
from typing import Any

from engage_cli.local import crawler_history as history
from engage_cli.local import crawler_settings as settings
from engage_cli.local.crawler_catalog import CatalogError, Json
from engage_cli.local.crawler_run import Crawl, CrawlError, StoppedError
from engage_cli.local.levels import real

logger = logging.getLogger("engage.crawler")

Response = tuple[int, dict[str, str], bytes]


async def handle(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
) -> Response:
    """Answer a Glue request: the crawlers and UpdatePartition, which MiniStack lacks, are ours."""
    from ministack.services import glue

    action = headers.get("x-amz-target", "").rpartition(".")[2]
    own = {
        "StartCrawler": start_crawler,
        "StopCrawler": stop_crawler,
        "GetCrawlerMetrics": crawler_metrics,
        "ListCrawls": list_crawls,
        "GetCrawler": get_crawler,
        "GetCrawlers": get_crawlers,
        "CreateCrawler": create_crawler,
        "UpdateCrawler": update_crawler,
        "UpdatePartition": update_partition,
    }.get(action)
    if own is None or path.startswith("/iceberg"):
        answer: Response = await glue.handle_request(method, path, headers, body, query_params)
        return answer
    from ministack.core.responses import error_response_json

    try:
        request = json.loads(body or b"{}")
    except ValueError:
        error: Response = error_response_json("SerializationException", "Invalid JSON", 400)
        return error
    return own(request)


def update_partition(request: Json) -> Response:
    """Replace one partition: BatchUpdatePartition of one, whose error is the request's error."""
    from ministack.services import glue

    entry = {key: request.get(key) for key in ("PartitionValueList", "PartitionInput")}
    names = {key: request.get(key) for key in ("DatabaseName", "TableName")}
    status, headers, body = glue._batch_update_partition({**names, "Entries": [entry]})
    errors = json.loads(body).get("Errors") if status == 200 else None
    if errors:
        detail = errors[0]["ErrorDetail"]
        return _error(detail["ErrorCode"], detail["ErrorMessage"])
    return (status, headers, b"{}") if status == 200 else (status, headers, body)


def start_crawler(request: Json) -> Response:
    """Begin a crawl in the background and answer at once."""
    from ministack.services import glue

    name = request.get("Name", "")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return _error("EntityNotFoundException", f"Crawler {name} not found")
    if crawler["State"] != "READY":
        return _error("CrawlerRunningException", f"Crawler with name {name} has already started")
    crawler["State"] = "RUNNING"
    crawler["CrawlElapsedTime"] = 0
    # Account and region are context variables; a plain thread would run in the default account.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(_run, crawler), name=f"crawler-{name}", daemon=True)
    thread.start()
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"


def stop_crawler(request: Json) -> Response:
    """Ask a running crawl to stop before its next file or table."""
    from ministack.services import glue

    name = request.get("Name", "")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return _error("EntityNotFoundException", f"Crawler {name} not found")
    if crawler["State"] == "STOPPING":
        return _error("CrawlerStoppingException", f"Crawler with name {name} is stopping")
    if crawler["State"] != "RUNNING":
        return _error("CrawlerNotRunningException", f"Crawler with name {name} is not running")
    crawler["State"] = "STOPPING"
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"


def crawler_metrics(request: Json) -> Response:
    """Report run times and what the last crawl changed."""
    from ministack.services import glue

    names = request.get("CrawlerNameList") or list(glue._crawlers.keys())
    crawlers = [glue._crawlers[name] for name in names if glue._crawlers.get(name) is not None]
    return _answer({"CrawlerMetricsList": [history.metrics(crawler) for crawler in crawlers]})


def list_crawls(request: Json) -> Response:
    """Report the runs of a crawler, newest first."""
    from ministack.services import glue

    name = request.get("CrawlerName", "")
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return _error("EntityNotFoundException", f"Crawler {name} not found")
    try:
        return _answer(history.list_crawls(crawler, request))
    except history.FilterError as exc:
        return _error("InvalidInputException", str(exc))


def get_crawler(request: Json) -> Response:
    """MiniStack's answer, without the history that we keep in the record."""
    from ministack.services import glue

    status, headers, body = glue._get_crawler(request)
    if status != 200:
        return status, headers, body
    return _answer({"Crawler": history.public(json.loads(body)["Crawler"])})


def get_crawlers(request: Json) -> Response:
    """The same for all crawlers."""
    from ministack.services import glue

    answer = json.loads(glue._get_crawlers(request)[2])
    return _answer({**answer, "Crawlers": [history.public(one) for one in answer["Crawlers"]]})


def create_crawler(request: Json) -> Response:
    """Refuse settings that Glue refuses, or that this crawler does not do."""
    from ministack.services import glue

    problem = settings.problem(request)
    response: Response = glue._create_crawler(request)
    if problem is None or response[0] != 200:
        return response
    del glue._crawlers[request["Name"]]
    return _error("InvalidInputException", problem)


def update_crawler(request: Json) -> Response:
    """The same for a crawler that is there."""
    from ministack.services import glue

    known = glue._crawlers.get(request.get("Name", ""))
    problem = settings.problem({**known, **request}) if known is not None else None
    if problem is not None:
        return _error("InvalidInputException", problem)
    response: Response = glue._update_crawler(request)
    return response


def _answer(body: Json) -> Response:
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def _error(code: str, message: str) -> Response:
    from ministack.core.responses import error_response_json

    response: Response = error_response_json(code, message, 400)
    return response


def _run(crawler: Json) -> None:
    """Crawl, then leave the crawler READY with its outcome, whatever happened."""
    entry = history.begin(crawler)
    crawl = Crawl(crawler, entry["CrawlId"])
    status, message = "SUCCEEDED", ""
    crawl.log("INFO", f"Running Start Crawl for Crawler {crawler['Name']}", phase="BENCHMARK")
    try:
        crawl.run()
    except StoppedError:
        status, message = "CANCELLED", "The crawl was stopped"
    except (CrawlError, CatalogError, settings.SettingsError) as exc:
        status, message = "FAILED", str(exc)
    except Exception as exc:
        # A bug of ours must not leave the crawler running for ever: it is told as what it is.
        logger.exception("Crawler %s failed", crawler["Name"])
        status, message = "FAILED", f"Internal Service Exception: {exc!r}"
    crawler["State"] = "STOPPING"
    if message:
        crawl.log("ERROR", message, phase="CRAWL")
    text = f"Crawler has finished running with status {status}: {crawl.changes}"
    crawl.log("INFO", text, phase="BENCHMARK")
    history.end(crawler, entry, status, message, crawl.changes)
    crawler["State"] = "READY"


OPERATIONS = {
    "glue": real("GetCrawler", "GetCrawlerMetrics", "ListCrawls", "StartCrawler", "UpdatePartition")
}
