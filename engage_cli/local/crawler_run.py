"""One crawl: list the targets, read their files, write the catalog; with the rights of the crawler's role.

Runs in the endpoint process, in a thread of its own, in the account and Region of the crawler.
"""

import io
import logging
import posixpath
import time
from collections.abc import Mapping
from functools import partial
from typing import BinaryIO

from engage_cli.local import authorization
from engage_cli.local import crawler_settings as settings
from engage_cli.local.crawler_catalog import CatalogWriter, Json, KnownTable, location
from engage_cli.local.crawler_formats import FileSchema, UnreadableFileError, read_schema
from engage_cli.local.crawler_history import LOG_GROUP, Changes
from engage_cli.local.crawler_layout import (
    Grouping,
    PatternError,
    StoredObject,
    Table,
    alike,
    discover,
    partitions_of,
    read_folders,
    visible,
)

logger = logging.getLogger("engage.crawler")
_SESSION = "AWS-Crawler"


class CrawlError(Exception):
    """The crawl cannot go on. The message becomes the crawler's LastCrawl.ErrorMessage."""


class StoppedError(Exception):
    """StopCrawler was called."""


class Crawl:
    """One run of one crawler, with the rights of its role."""

    def __init__(self, crawler: Json, crawl_id: str) -> None:
        self.id = crawl_id
        self.changes = Changes()
        self._crawler = crawler
        self._role = str(crawler.get("Role", ""))
        self._asked: set[tuple[object, ...]] = set()

    def run(self) -> None:
        """Discover every target and write the catalog. Raises CrawlError, CatalogError, SettingsError."""
        from ministack.services import glue

        crawler = self._crawler
        self._check_settings()
        found = settings.resolve(crawler)
        database = crawler["DatabaseName"]
        self._allow_glue("GetDatabase", None)
        if glue._databases.get(database) is None:
            raise CrawlError(f"EntityNotFoundException: Database {database} not found.")
        writer = CatalogWriter(crawler, found, self._allow_glue, partial(self.log, phase="CRAWL"))
        writer.changes = self.changes
        seen: set[str] = set()
        whole = []
        for target in crawler["Targets"]["S3Targets"]:
            bucket, prefix = _split(target["Path"])
            try:
                objects = visible(self._list(bucket, prefix), prefix, target.get("Exclusions") or ())
            except PatternError as exc:
                raise CrawlError(str(exc)) from exc
            place, grouping = location(bucket, prefix.rstrip("/")), found.of_target(target)
            known = writer.known_tables(place) if found.new_folders_only else []
            if known:
                self._crawl_new_folders(bucket, objects, known, writer, grouping)
            else:
                whole.append(place)
                seen |= self._crawl_all(bucket, prefix.rstrip("/"), objects, writer, grouping)
        if not found.new_folders_only:
            writer.retire(seen, whole)

    def _crawl_all(
        self, bucket: str, root: str, objects: list[StoredObject], writer: CatalogWriter, grouping: Grouping
    ) -> set[str]:
        tables = discover(objects, root, partial(self._read, bucket), self._warn, grouping)
        if not tables:
            self._warn(f"No readable files under {location(bucket, root)}")
        names = set()
        for table in tables:
            self._check_stopped()
            if table.schema.quoted:
                self._warn(f"{location(bucket, table.path)} has quoted CSV; LazySimpleSerDe keeps the quotes")
            names.add(writer.write(bucket, table))
        return names

    def _crawl_new_folders(
        self,
        bucket: str,
        objects: list[StoredObject],
        known: list[KnownTable],
        writer: CatalogWriter,
        grouping: Grouping,
    ) -> None:
        """CRAWL_NEW_FOLDERS_ONLY after the first crawl: new partitions of known tables, nothing else."""
        places = frozenset[str]().union(*(table.places for table in known))
        new = [
            item
            for item in objects
            if location(bucket, posixpath.dirname(item.key)) not in places
            and f"s3://{bucket}/{item.key}" not in places
        ]
        owners = sorted(known, key=lambda table: len(table.path), reverse=True)
        for owner in owners:
            within = [i for i in new if i.key.startswith(f"{owner.path}/" if owner.path else "")]
            new = [item for item in new if item not in within]
            found = read_folders(within, partial(self._read, bucket), self._warn, grouping)
            fitting = []
            for folder in found:
                depth = folder.path[len(owner.path) :].strip("/").count("/") + 1
                schema = folder.schema
                fits = schema is not None and alike(owner.schema, schema, combine=grouping.combine)
                if fits and not folder.single_file and depth == len(owner.partition_keys):
                    fitting.append(folder)
                else:
                    self._warn(f"Ignored {folder.path}: it does not fit table {owner.name}")
            if fitting:
                columns = {name for name, _ in owner.schema.columns}
                _, partitions = partitions_of(fitting, owner.path, columns, self._warn)
                table = Table(
                    owner.path, owner.schema, owner.schema.columns, owner.partition_keys, partitions, 0, 0
                )
                writer.add_partitions(owner.name, bucket, table)
        for folder_path in sorted({posixpath.dirname(item.key) for item in new}):
            self._warn(f"Ignored {folder_path}: a crawl of new folders adds no table")

    def _check_settings(self) -> None:
        """Refuse what this crawler does not do, by its name, rather than do something else."""
        targets = self._crawler.get("Targets") or {}
        other = sorted(kind for kind, value in targets.items() if value and kind != "S3Targets")
        if other:
            raise CrawlError(f"The local crawler reads S3 targets only, not {', '.join(other)}")
        if not targets.get("S3Targets"):
            raise CrawlError("The crawler has no targets")
        modes = [
            name for t in targets["S3Targets"] for name in ("EventQueueArn", "ConnectionName") if t.get(name)
        ]
        if modes:
            raise CrawlError(f"The local crawler does not do {modes[0]} of an S3 target")
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
        except UnreadableFileError:
            self.changes.skipped_files += 1
            raise
        except OSError as exc:
            self.changes.skipped_files += 1
            raise UnreadableFileError(str(exc)) from exc

    def _check_stopped(self) -> None:
        if self._crawler["State"] != "RUNNING":
            raise StoppedError

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

    def _warn(self, message: str) -> None:
        self.log("WARN", message, phase="CLASSIFICATION")

    def log(self, level: str, message: str, *, phase: str) -> None:
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
