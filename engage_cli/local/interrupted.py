"""What was going on when the endpoint ended: after a restart it is said to have failed, and why.

Nothing goes on by itself after a restart, so nothing may say that it does: a client would wait for ever.
Called once, when the state has been restored and before the first request.
"""

from typing import Any

Json = dict[str, Any]

EXECUTION = "The local endpoint ended while this execution was going on. It can be resumed where it was."
QUERY = "The local endpoint ended while this query was going on."
CRAWL = "The local endpoint ended while this crawler was running."
STACK = "The local endpoint ended while this stack was being changed. Deploy again."
_STACKS = {"CREATE": "CREATE_FAILED", "UPDATE": "UPDATE_FAILED", "DELETE": "DELETE_FAILED",
           "ROLLBACK": "ROLLBACK_FAILED", "REVIEW": "REVIEW_IN_PROGRESS"}  # fmt: skip


def mark() -> list[str]:
    """Mark everything that was interrupted; what it was, in words."""
    return [*_executions(), *_queries(), *_crawlers(), *_stacks()]


def forget_buckets(kept: Json) -> None:
    """Remove what is left on disk of buckets that no record knows.

    `kept`: the records, by account and name. MiniStack makes a bucket of every directory that it finds, so
    a bucket that was deleted with its stack, or whose creation was never acknowledged, would come back.
    """
    import shutil
    from pathlib import Path

    from ministack.services import s3

    for account, name in [scope for scope in s3._buckets._data if scope not in kept]:
        del s3._buckets._data[account, name]
        shutil.rmtree(Path(s3.DATA_DIR) / account / name, ignore_errors=True)


def _executions() -> list[str]:
    from ministack.services import stepfunctions

    marked = []
    for execution in stepfunctions._executions._data.values():
        # MiniStack's own mark, given while it restored; it has no event and no next step.
        if execution.get("error") == "States.ServiceRestart":
            execution |= {"error": "States.Runtime", "cause": EXECUTION}
            told = {"error": "States.Runtime", "cause": EXECUTION}
            stepfunctions._add_event(execution, "ExecutionFailed", {"executionFailedEventDetails": told})
            marked.append(f"execution {execution['name']}")
    return marked


def _queries() -> list[str]:
    from ministack.core.responses import now_iso
    from ministack.services import athena

    marked = []
    for query_id, query in athena._executions._data.items():
        status = query.get("Status") or {}
        if status.get("State") in ("QUEUED", "RUNNING"):
            status |= {"State": "FAILED", "StateChangeReason": QUERY}
            status.setdefault("CompletionDateTime", status.get("SubmissionDateTime") or now_iso())
            marked.append(f"query {query_id[-1]}")
    return marked


def _crawlers() -> list[str]:
    from ministack.services import glue

    from engage_cli.local import crawler_history

    marked = []
    for (*_, name), crawler in glue._crawlers._data.items():
        if crawler.get("State") in ("RUNNING", "STOPPING"):
            crawler["State"] = "READY"
            crawler["LastCrawl"] = {
                **(crawler.get("LastCrawl") or {}),
                "Status": "FAILED",
                "ErrorMessage": CRAWL,
            }
            crawler_history.interrupted(crawler, CRAWL)
            marked.append(f"crawler {name}")
    return marked


def _stacks() -> list[str]:
    from ministack.services import cloudformation

    marked = []
    for stack in cloudformation._stacks._data.values():
        status: str = stack.get("StackStatus", "")
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            continue
        stack["StackStatus"] = _STACKS["ROLLBACK" if "ROLLBACK" in status else status.partition("_")[0]]
        stack["StackStatusReason"] = STACK
        marked.append(f"stack {stack['StackName']}")
    return marked
