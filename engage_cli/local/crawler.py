"""A Glue crawler that reads the files: StartCrawler, StopCrawler, GetCrawlerMetrics; the rest is MiniStack's.

`handle` wraps MiniStack's Glue service. A crawl runs in a thread in the account and region of the caller,
with the rights of the crawler's role: what the role may not do fails the crawl with IAM's message.
States as on AWS: READY, RUNNING, STOPPING (writing is done), READY. Runs in the endpoint process.
"""

import contextvars
import io
import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any, BinaryIO

from engage_cli.local import authorization
from engage_cli.local.crawler_catalog import CatalogError, CatalogWriter, Changes, Json, location
from engage_cli.local.crawler_formats import FileSchema, UnreadableFileError, read_schema
from engage_cli.local.crawler_layout import StoredObject, discover, visible
from engage_cli.local.levels import real

logger = logging.getLogger("engage.crawler")
LOG_GROUP = "/aws-glue/crawlers"
_SESSION = "AWS-Crawler"

Response = tuple[int, dict[str, str], bytes]
_metrics_lock = threading.Lock()
# What GetCrawlerMetrics adds to a crawler's record: (account, region, name) -> (changes, run times in s).
_metrics: dict[tuple[str, str, str], tuple[Changes, list[float]]] = {}


class CrawlError(Exception):
    """The crawl cannot go on. The message becomes the crawler's LastCrawl.ErrorMessage."""


class _StoppedError(Exception):
    """StopCrawler was called."""


async def handle(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
) -> Response:
    """Answer a Glue request: the crawler's run and UpdatePartition, which MiniStack lacks, are ours."""
    from ministack.services import glue

    action = headers.get("x-amz-target", "").rpartition(".")[2]
    own = {
        "StartCrawler": start_crawler,
        "StopCrawler": stop_crawler,
        "GetCrawlerMetrics": crawler_metrics,
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

    found = []
    for name in request.get("CrawlerNameList") or list(glue._crawlers.keys()):
        if glue._crawlers.get(name) is None:
            continue
        with _metrics_lock:
            changes, seconds = _metrics.get(_scope(name), (Changes(), []))
            times = sorted(seconds) or [0.0]
        found.append(
            {
                "CrawlerName": name,
                "TimeLeftSeconds": 0.0,
                "StillEstimating": False,
                "LastRuntimeSeconds": seconds[-1] if seconds else 0.0,
                "MedianRuntimeSeconds": times[len(times) // 2],
                "TablesCreated": changes.tables_created,
                "TablesUpdated": changes.tables_updated,
                "TablesDeleted": changes.tables_deleted,
            }
        )
    body = json.dumps({"CrawlerMetricsList": found}).encode()
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, body


def _error(code: str, message: str) -> Response:
    from ministack.core.responses import error_response_json

    response: Response = error_response_json(code, message, 400)
    return response


def _scope(name: str) -> tuple[str, str, str]:
    from ministack.core.responses import get_account_id, get_region

    return get_account_id(), get_region(), name


def _run(crawler: Json) -> None:
    """Crawl, then leave the crawler READY with its outcome, whatever happened."""
    began, crawl = time.time(), Crawl(crawler)
    status, message = "SUCCEEDED", ""
    crawl.log("INFO", "BENCHMARK", f"Running Start Crawl for Crawler {crawler['Name']}")
    try:
        crawl.run()
    except _StoppedError:
        status, message = "CANCELLED", "The crawl was stopped"
    except (CrawlError, CatalogError) as exc:
        status, message = "FAILED", str(exc)
    except Exception as exc:
        # A bug of ours must not leave the crawler running for ever: it is told as what it is.
        logger.exception("Crawler %s failed", crawler["Name"])
        status, message = "FAILED", f"Internal Service Exception: {exc!r}"
    crawler["State"] = "STOPPING"
    if message:
        crawl.log("ERROR", "CRAWL", message)
    crawl.log("INFO", "BENCHMARK", f"Crawler has finished running with status {status}: {crawl.summary()}")
    elapsed = time.time() - began
    crawler["CrawlElapsedTime"] = int(elapsed * 1000)
    crawler["LastCrawl"] = {
        "Status": status,
        "LogGroup": LOG_GROUP,
        "LogStream": crawler["Name"],
        "MessagePrefix": crawl.id,
        "StartTime": began,
        **({"ErrorMessage": message[:2048]} if message else {}),
    }
    with _metrics_lock:
        _, seconds = _metrics.get(_scope(crawler["Name"]), (Changes(), []))
        _metrics[_scope(crawler["Name"])] = (crawl.changes, [*seconds[-19:], elapsed])
    crawler["State"] = "READY"


class Crawl:
    """One run of one crawler, with the rights of its role."""

    def __init__(self, crawler: Json) -> None:
        self.id = str(uuid.uuid4())
        self.changes = Changes()
        self._crawler = crawler
        self._role = str(crawler.get("Role", ""))
        self._asked: set[tuple[object, ...]] = set()

    def run(self) -> None:
        """Discover every target and write the catalog. Raises CrawlError, CatalogError."""
        from ministack.services import glue

        crawler = self._crawler
        self._check_settings()
        database = crawler["DatabaseName"]
        self._allow_glue("GetDatabase", None)
        if glue._databases.get(database) is None:
            raise CrawlError(f"EntityNotFoundException: Database {database} not found.")
        writer = CatalogWriter(crawler, self._allow_glue, lambda text: self.log("WARN", "CRAWL", text))
        self.changes = writer.changes
        found: set[str] = set()
        places = []
        for target in crawler["Targets"]["S3Targets"]:
            bucket, prefix = _split(target["Path"])
            places.append(location(bucket, prefix.rstrip("/")))
            objects = visible(self._list(bucket, prefix), prefix, target.get("Exclusions") or ())
            tables = discover(
                objects,
                prefix.rstrip("/"),
                partial(self._read, bucket),
                lambda text: self.log("WARN", "CLASSIFICATION", text),
            )
            if not tables:
                self.log("WARN", "CLASSIFICATION", f"No readable files under {target['Path']}")
            for table in tables:
                self._check_stopped()
                if table.schema.quoted:
                    text = f"{location(bucket, table.path)} has quoted CSV; LazySimpleSerDe keeps the quotes"
                    self.log("WARN", "CLASSIFICATION", text)
                found.add(writer.write(bucket, table))
        writer.retire(found, places)

    def summary(self) -> str:
        """Return the changes in words."""
        c = self.changes
        return (
            f"tables: {c.tables_created} created, {c.tables_updated} updated, {c.tables_deleted} deleted; "
            f"partitions: {c.partitions_added} added, {c.partitions_updated} updated, "
            f"{c.partitions_deleted} deleted"
        )

    def _check_settings(self) -> None:
        """Refuse what this crawler does not do, by its name, rather than do something else."""
        targets = self._crawler.get("Targets") or {}
        other = sorted(kind for kind, value in targets.items() if value and kind != "S3Targets")
        if other:
            raise CrawlError(f"The local crawler reads S3 targets only, not {', '.join(other)}")
        if not targets.get("S3Targets"):
            raise CrawlError("The crawler has no targets")
        if self._crawler.get("Classifiers"):
            raise CrawlError("The local crawler has no custom classifiers; remove them from the crawler")
        if not authorization.trusts(self._role, "glue.amazonaws.com"):
            raise CrawlError(
                f"Service is unable to assume role {self._role}. Please verify role's TrustPolicy"
            )

    def _list(self, bucket: str, prefix: str) -> list[StoredObject]:
        from ministack.services import s3

        self._allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": prefix})
        held = s3._buckets.get(bucket)
        if held is None:
            raise CrawlError(f"NoSuchBucket: The specified bucket does not exist: {bucket}")
        # A copy: uploads may go on meanwhile.
        return [
            StoredObject(key, int(value.get("size", 0)))
            for key, value in list(held["objects"].items())
            if key.startswith(prefix)
        ]

    def _read(self, bucket: str, item: StoredObject) -> FileSchema:
        self._check_stopped()
        self._allow("s3:GetObject", f"arn:aws:s3:::{bucket}/{item.key}")
        try:
            with _open(bucket, item.key) as stream:
                return read_schema(stream, item.size)
        except OSError as exc:
            raise UnreadableFileError(str(exc)) from exc

    def _check_stopped(self) -> None:
        if self._crawler["State"] != "RUNNING":
            raise _StoppedError

    def _allow_glue(self, action: str, table: str | None) -> None:
        """Ask for a catalog action on everything that AWS checks: catalog, database and table."""
        from ministack.core.responses import get_account_id, get_region

        base, database = f"arn:aws:glue:{get_region()}:{get_account_id()}", self._crawler["DatabaseName"]
        resources = [f"{base}:catalog", f"{base}:database/{database}"]
        if table is not None:
            resources.append(f"{base}:table/{database}/{table}")
        for resource in resources:
            self._allow(f"glue:{action}", resource)

    def _allow(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
        question = (action, resource, *sorted((context or {}).items()))
        if question in self._asked:
            return
        denied = authorization.denial(self._role, _SESSION, action, resource, context=context)
        if denied is not None:
            raise CrawlError(f"AccessDeniedException: {denied}")
        self._asked.add(question)

    def log(self, level: str, phase: str, message: str) -> None:
        """Write a line to the crawler's log stream, if its role may, and to the endpoint's log."""
        from ministack.core.responses import get_account_id, get_region
        from ministack.services import cloudwatch_logs as logs

        logger.log(logging.getLevelName(level), "%s: %s", self._crawler["Name"], message)
        group = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{LOG_GROUP}"
        stream = f"{group}:log-stream:{self._crawler['Name']}"
        if authorization.denial(self._role, _SESSION, "logs:PutLogEvents", stream) is not None:
            return
        names = {"logGroupName": LOG_GROUP, "logStreamName": self._crawler["Name"]}
        # Both answer "already exists" from the second time on.
        logs._create_log_group({"logGroupName": LOG_GROUP})
        logs._create_log_stream(names)
        event = {
            "timestamp": int(time.time() * 1000),
            "message": f"[{self.id}] {level} : {phase} : {message}",
        }
        logs._put_log_events({**names, "logEvents": [event]})


def _split(path: str) -> tuple[str, str]:
    """Return bucket and key prefix (with a slash at the end, or empty) of an s3:// path."""
    if not path.startswith("s3://"):
        raise CrawlError(f"The target path {path!r} does not begin with s3://")
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    return bucket, prefix if not prefix or prefix.endswith("/") else prefix + "/"


def _open(bucket: str, key: str) -> BinaryIO:
    """Open an object's file on disk: only the footer or head is read. In memory otherwise."""
    from ministack.services import s3

    held = (s3._buckets.get(bucket) or {"objects": {}})["objects"].get(key)
    if held is None:
        raise UnreadableFileError("the object was deleted meanwhile")
    if held.get("body") is None:
        path = s3._object_disk_path(bucket, key)
        if path is not None:
            return open(path, "rb")
    return io.BytesIO(s3._get_object_data(bucket, key) or b"")


OPERATIONS = {"glue": real("GetCrawlerMetrics", "StartCrawler", "UpdatePartition")}
