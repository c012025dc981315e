"""Meter: the last step of a run; measures what the run used and writes `usage/run=<run_id>.json`.

Input: the run object (`run_id`, `execution_arn`, `queries`, ...). Output: it plus `usage_key`.
A source that cannot be read becomes a record with an unknown quantity and the reason: neither a zero nor
a failed run. The meter cannot see its own end: its own record is what it used until it wrote the file,
and what comes after it in the state machine is not counted.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from common import names, s3
from common.aws import client, error_code
from common.errors import InputError
from common.log import logger
from common.settings import Settings
from common.step import Run, step
from metering import crawler, fixtures, history, knowledge, logs, queries, storage, tasks
from metering.records import Client, Scope, Used, not_metered

SCHEMA_VERSION = 1
LIFECYCLE_DAYS = 90
_PUBLIC_IP = re.compile(r'"AssignPublicIp"\s*:\s*"ENABLED"')


class Meter:
    """Collects the usage of one run; every source is tried on its own."""

    def __init__(self, run: Run, settings: Settings, scope: Scope, client: Client) -> None:
        self._run = run
        self._settings = settings
        self._scope = scope
        self._client = client
        self._failed_queries: list[str] = []
        self.records: list[Used] = []
        self.facts: dict[str, Any] = {}

    def measure(self) -> None:
        """Fills `records` and `facts`."""
        unknown = not_metered
        self._try(
            self._state_machine, unknown("Step Functions", "Standard state transition", "transition", "")
        )
        self._try(self._functions, unknown("Lambda", "ARM64 duration (tier 1)", "GB-second", ""))
        self._try(self._queries, unknown("Athena", "SQL data scanned", "TB", ""))
        self._try(self._crawler, unknown("Glue", "Crawler", "DPU-hour", ""))
        self._try(self._storage, unknown("S3", "Standard storage, first 50 TB", "GB-month", ""))
        titan = "Titan Text Embeddings V2 (amazon.titan-embed-text-v2:0) input"
        self._try(self._knowledge, unknown("Bedrock", titan, "1M tokens", ""))
        self._fixtures()
        self._trigger()

    def _try(self, collect: Callable[[], list[Used]], unknown: Used) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.records += collect()
        except (ClientError, BotoCoreError) as error:
            logger("meter").warning("usage not metered", service=unknown.service, reason=str(error))
            reason = f"{unknown.service} could not be asked: {error}"
            self.records.append(
                not_metered(unknown.service, unknown.item, unknown.unit, reason, per=unknown.per)
            )

    def _state_machine(self) -> list[Used]:
        histories = history.load(self._client("stepfunctions"), self._scope.execution_arn)
        found, unusable = tasks.load(self._client, histories)
        self.facts["states"] = history.state_times(histories[0].events, self._scope.now)
        self.facts["failed_attempts"] = sum(h.failed_attempts for h in histories)
        self.facts["map_children"] = sum(h.child for h in histories)
        self.facts["tasks"] = [task.to_json() for task in found]
        public = self._public_ip() if found else None
        return history.usage(histories) + tasks.usage(found, unusable, public_ip=public)

    def _public_ip(self) -> bool:
        answer = self._client("stepfunctions").describe_state_machine_for_execution(
            executionArn=self._scope.execution_arn
        )
        return bool(_PUBLIC_IP.search(answer["definition"]))

    def _functions(self) -> list[Used]:
        prefix = self._settings.optional("LOG_GROUP_PREFIX") or f"/engage/{self._scope.env}/"
        groups = logs.load(self._client, self._scope, prefix)
        self._failed_queries = [query for group in groups for query in group.queries]
        return logs.usage(self._client, self._scope, groups)

    def _queries(self) -> list[Used]:
        found, missing = queries.load(self._client, [*self._run.get("queries", []), *self._failed_queries])
        self.facts["queries"] = queries.facts(found)
        return queries.usage(found, missing)

    def _crawler(self) -> list[Used]:
        crawls = crawler.load(self._client, self._scope, error_code)
        self.facts["crawl_seconds"] = float(sum(seconds for seconds, _ in crawls))
        return crawler.usage(self._scope, crawls)

    def _storage(self) -> list[Used]:
        stored = storage.load(
            self._client,
            self._scope,
            self._settings.lake_bucket,
            self._settings.raw_bucket,
            run_prefixes(self._scope.run_id, self._run.get("as_of")),
        )
        self.facts["storage"] = [item.to_json() for item in stored]
        return storage.usage(stored, self._settings.whole("LIFECYCLE_DAYS", LIFECYCLE_DAYS))

    def _knowledge(self) -> list[Used]:
        return knowledge.usage(
            self._client,
            self._scope,
            self._settings.lake_bucket,
            self._settings.optional("KNOWLEDGE_BASE_ID"),
            self._settings.optional("DATA_SOURCE_ID"),
        )

    def _fixtures(self) -> None:
        namespace = self._settings.metrics_namespace
        month = "month"
        self._try(
            lambda: fixtures.metrics(self._client, self._scope, namespace),
            not_metered(
                "CloudWatch", "custom metric (incl. EMF), first 10,000", "metric-month", "", per=month
            ),
        )
        self._try(
            lambda: fixtures.alarms(self._client, self._scope),
            not_metered("CloudWatch", "alarm, standard resolution", "alarm-metric-month", "", per=month),
        )
        self._try(
            lambda: fixtures.dashboards(self._client, self._scope),
            not_metered("CloudWatch", "dashboard", "dashboard-month", "", per=month),
        )
        self._try(
            lambda: fixtures.images(self._client, self._scope),
            not_metered("ECR", "private storage", "GB-month", "", per=month),
        )
        self.records += fixtures.secret(self._scope)

    def _trigger(self) -> None:
        if self._run.get("trigger") == "schedule":
            item = "invocations above 14M"
            source = "the run's trigger"
            self.records.append(
                Used("EventBridge Scheduler", item, Decimal(1), "invocation", "the weekly trigger", source)
            )


def run_prefixes(run_id: str, as_of: str | None) -> list[str]:
    """Every prefix of the lake bucket that only this run writes."""
    prefixes = [
        names.processed_prefix(run_id),
        names.features_prefix(run_id),
        names.quarantine_prefix(run_id),
        names.online_prefix(run_id),
        names.run_key(run_id, ""),
        f"models/{names.model_version(run_id)}/",
    ]
    if as_of:
        prefixes += [
            names.predictions_prefix(as_of, run_id),
            names.qa_prefix(as_of, run_id),
            names.segments_prefix(as_of, run_id),
        ]
    return prefixes


def itself(seconds: Decimal, memory_mb: int) -> list[Used]:
    """The meter's own duration so far: its log has no REPORT line yet."""
    return [
        Used(
            "Lambda",
            "ARM64 duration (tier 1)",
            seconds * memory_mb / 1024,
            "GB-second",
            f"meter: {seconds:.3f} s x {memory_mb} MB",
            "the meter's own clock until it wrote this file",
            assumption="at least: writing the file and leaving come after it",
        ),
        Used("Lambda", "requests", Decimal(1), "request", "meter 1", "the meter's own invocation"),
    ]


def work(run: Run, settings: Settings, *, client: Client = client, memory_mb: int | None = None) -> Run:
    """Meters `run` and writes its usage document to the lake bucket."""
    began = time.monotonic()
    run_id, arn = run.get("run_id"), run.get("execution_arn")
    if not run_id or not arn:
        raise InputError(
            "The run object has no run_id or no execution_arn.", hint="the prepare step writes both"
        )
    execution = client("stepfunctions").describe_execution(executionArn=arn)
    now = datetime.now(UTC)
    scope = Scope(run_id, settings.env, arn, execution["startDate"].astimezone(UTC), now)
    meter = Meter(run, settings, scope, client)
    meter.measure()
    memory = memory_mb or settings.whole("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 512)
    records = [*meter.records, *itself(Decimal(str(time.monotonic() - began)), memory)]
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "as_of": run.get("as_of"),
        "trigger": run.get("trigger"),
        "execution_arn": arn,
        "started": scope.started.isoformat(),
        "finished": now.isoformat(),
        "seconds": round((now - scope.started).total_seconds(), 3),
        "customers": _count(run, "split", "customers_to_score"),
        "predictions": _count(run, "publish", "predictions"),
        "n_shards": _count(run, "split", "n_shards"),
        "lifecycle_days": settings.whole("LIFECYCLE_DAYS", LIFECYCLE_DAYS),
        **meter.facts,
        "records": [record.to_json() for record in records],
    }
    key = f"usage/run={run_id}.json"
    s3.put_json(settings.lake_bucket, key, document)
    return {**run, "usage_key": key}


def _count(run: Run, part: str, name: str) -> int | None:
    """A count that a step left in its part of the run object; None when that step did not run."""
    value = (run.get(part) or {}).get(name)
    return None if value is None else int(value)


handler = step("meter", work)
