"""Ending a running task as ECS does: StopTask and Spot interruptions.

The answer comes at once; the task's containers get SIGTERM, and SIGKILL after their `stopTimeout`. Until
they have ended the task's desired status is STOPPED and its last status RUNNING. MiniStack says that a
task has stopped, with exit code 0, before its process has ended. Runs in the endpoint process.
"""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
SPOT = "FARGATE_SPOT"
STOP_KEY = "_engage_stop"
"""On a task's record: (reason, stop code) of the stop under way. Never on the wire."""


def wrap_is_active(original: Callable[[str, Json], bool]) -> Callable[[str, Json], bool]:
    """A task whose containers are still ending is active: its end is yet to be recorded."""

    def is_active(task_arn: str, task: Json) -> bool:
        from ministack.services import ecs

        if STOP_KEY not in task:
            return original(task_arn, task)
        return ecs._tasks.get(task_arn) is task and task.get("lastStatus") != "STOPPED"

    return is_active


def wrap_mark_stopped(original: Callable[..., bool]) -> Callable[..., bool]:
    """Whoever sees first that the containers are gone: the reason is the one of the stop under way."""

    def mark_stopped(
        task_arn: str, task: Json, reason: str, stop_code: str, exit_code: int | None = None
    ) -> bool:
        reason, stop_code = task.get(STOP_KEY) or (reason, stop_code)
        return original(task_arn, task, reason, stop_code, exit_code)

    return mark_stopped


def wrap_stop_task(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """StopTask of a running task; one that has not started yet is MiniStack's."""

    def stop_task(data: Json) -> Any:
        from ministack.services import ecs

        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        task = ecs._resolve_task(data.get("task", ""), cluster) if cluster else None
        reason = data.get("reason", "Task stopped by user")
        if task is not None and end(task, reason, "UserInitiated"):
            return ecs.json_response({"task": ecs._sanitize(task)})
        answer = original(data)
        for record in (task or {}).get("containers", []):
            # A container that never started has no exit code.
            if record.get("runtimeId") is None:
                record["exitCode"] = None
        return answer

    return stop_task


def interrupt_spot(task_id: str | None) -> list[str]:
    """Take the capacity of one running Spot task away, or of all; the ids of those that are being ended.

    Runs outside of any request: every account and Region is looked at.
    """
    from ministack.core.responses import request_scope
    from ministack.services import ecs

    ended = []
    for key, task in list(ecs._tasks.all_items()):
        arn = str(task.get("taskArn", key))
        found = arn.rsplit("/", 1)[-1]
        if task.get("capacityProviderName") != SPOT or (task_id is not None and task_id not in (arn, found)):
            continue
        with request_scope(arn.split(":")[4], arn.split(":")[3]):
            if end(task, "Your Spot Task was interrupted.", "SpotInterruption"):
                ended.append(found)
    return ended


def end(task: Json, reason: str, stop_code: str) -> bool:
    """Begin to end a running task. False when it does not run (any more); True also when it ends already."""
    from ministack.core.concurrency import resource_lock
    from ministack.services import ecs

    with resource_lock("ecs-task", task["taskArn"]):
        if task.get("lastStatus") != "RUNNING" or not task.get("_docker_ids"):
            return False
        if STOP_KEY in task:
            return True
        task[STOP_KEY] = (reason, stop_code)
        task |= {"desiredStatus": "STOPPED", "stopCode": stop_code, "stoppedReason": reason}
        task["stoppingAt"] = ecs._iso()
        containers = list(task["_docker_ids"])
    # The account and Region of the caller are context variables.
    context = contextvars.copy_context()
    for container_id in containers:
        threading.Thread(target=context.run, args=(_stop_container, container_id), daemon=True).start()
    return True


def _stop_container(container_id: str) -> None:
    from ministack.services import ecs

    try:
        container = ecs._get_docker().containers.get(container_id)
    except KeyError:
        return  # It has ended, long enough ago to be forgotten.
    container.stop(timeout=container.facts.limits.stop_seconds)
