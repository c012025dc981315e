"""Fargate tasks as containers of a Docker engine: the images themselves, instead of their entry points.

`engage local start --containers docker` uses this in place of `containers`. The engine enforces memory and
processors. Containers share the machine's network, because the endpoint listens on loopback alone; their
Python is sealed like everyone else's. Never run with a real engine by us: see docs/lessons-learned.md.
"""

import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from engage_cli.errors import UserError
from engage_cli.local import children
from engage_cli.local.containers import OnExit, TaskFacts
from engage_cli.local.images import ImageNotFoundError
from engage_cli.local.task_limits import OUT_OF_MEMORY

logger = logging.getLogger("engage.containers")
_DEFAULT_HOST = "unix:///var/run/docker.sock"
_LABEL = "engage.endpoint"
_SEAL = "/opt/engage"
# Some, because their last lines may still be on the way to CloudWatch Logs.
_KEEP_EXITED = 10


def connect(environment: Mapping[str, str] | None = None) -> Any:
    """A docker-py client of the engine that DOCKER_HOST names. Raises UserError when none answers."""
    environment = os.environ if environment is None else environment
    host = environment.get("DOCKER_HOST") or _DEFAULT_HOST
    try:
        import docker
        from docker.errors import DockerException
    except ImportError:
        raise UserError(
            "Running the images needs the Docker SDK for Python, which is not installed.",
            hint="Run: pip install docker; or use --containers process",
        ) from None
    try:
        engine = docker.from_env(environment=dict(environment))
        engine.ping()
    except (DockerException, OSError) as error:
        raise UserError(
            f"No Docker engine answers at {host}: {str(error).splitlines()[0]}.",
            hint="Start Docker or set DOCKER_HOST; or use --containers process",
        ) from error
    return engine


class EngineContainer:
    """One container of the engine, with what MiniStack and `task_stops` use of `containers.Container`."""

    def __init__(self, raw: Any, image: str, facts: TaskFacts, on_exit: Sequence[OnExit]) -> None:
        self.id: str = raw.id
        self.image, self.facts = image, facts
        self.started = time.time()
        self.stopped: float | None = None
        self.exit_code: int | None = None
        self.reason = ""
        self._raw, self._on_exit = raw, on_exit
        self._ended = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()

    @property
    def status(self) -> str:
        return "running" if self.exit_code is None else "exited"

    @property
    def attrs(self) -> dict[str, Any]:
        return dict(self._raw.attrs)

    def reload(self) -> None:
        self._raw.reload()

    def wait(self, timeout: float | None = None) -> dict[str, int]:
        """Wait for the end, in seconds; the exit code under `StatusCode`."""
        if not self._ended.wait(timeout):
            raise TimeoutError(f"The container {self.id[:12]} still runs.")
        return {"StatusCode": self.exit_code or 0}

    def logs(self, **options: Any) -> Any:
        return self._raw.logs(**options)

    def stop(self, timeout: float = 10) -> None:
        """SIGTERM, and SIGKILL after `timeout` seconds: the engine's own `stop`."""
        if self.exit_code is None:
            self._raw.stop(timeout=max(0, round(timeout)))

    def remove(self, *, v: bool = False, force: bool = False) -> None:
        """Remove the container from the engine."""
        self._raw.remove(v=v, force=force)

    def _wait(self) -> None:
        try:
            code = int(self._raw.wait()["StatusCode"])
            self._raw.reload()
            state = self._raw.attrs.get("State") or {}
        except Exception as error:
            # The engine went away: the task's end is unknown, and it counts as a failure.
            logger.exception("waiting for task %s", self.facts.task_id)
            code, state = 255, {"Error": f"The Docker engine was lost: {error}"}
        self.stopped = time.time()
        self.reason = OUT_OF_MEMORY if state.get("OOMKilled") else str(state.get("Error") or "")
        for callback in self._on_exit:
            try:
                callback(self, code)
            except Exception:
                logger.exception("after the exit of task %s", self.facts.task_id)
        self.exit_code = code
        self._ended.set()


class EngineClient:
    """The client that MiniStack gets when images run in a Docker engine; `LocalClient`'s twin.

    `engine` is a docker-py client, `directory` the endpoint's state directory.
    """

    def __init__(self, engine: Any, directory: Path, endpoint_url: str, region: str, on_exit: OnExit) -> None:
        self.images = engine.images
        self.containers = _EngineContainers(engine, directory, endpoint_url, region, on_exit)
        # Of an endpoint that was killed.
        self.containers.remove_all()

    def shutdown(self) -> None:
        """End and remove every container of this endpoint."""
        self.containers.remove_all(stop_seconds=3)


class _EngineContainers:
    def __init__(self, engine: Any, directory: Path, endpoint_url: str, region: str, on_exit: OnExit) -> None:
        self._engine, self._tasks = engine, directory / "tasks"
        self._label = f"{_LABEL}={hashlib.sha256(str(directory).encode()).hexdigest()[:16]}"
        self._endpoint_url, self._region, self._on_exit = endpoint_url, region, on_exit
        self._all: dict[str, EngineContainer] = {}
        self._lock = threading.Lock()

    def get(self, container_id: str) -> EngineContainer:
        with self._lock:
            for key, container in self._all.items():
                if container_id and key.startswith(container_id):
                    return container
        raise KeyError(f"No such container: {container_id}")

    def list(self, **_: Any) -> "list[EngineContainer]":
        """MiniStack's own reaper looks for containers of its own making: there are none."""
        return []

    def run(
        self,
        image: str,
        *,
        environment: dict[str, str],
        facts: TaskFacts,
        command: Sequence[str] | None = None,
        entrypoint: Sequence[str] | None = None,
        working_directory: str | None = None,
        **_: Any,
    ) -> EngineContainer:
        """Start a container. Raises ImageNotFoundError: no registry is ever asked."""
        if not self._engine.images.list(name=image):
            raise ImageNotFoundError(f"{image}: not found in the Docker engine; build it with: engage deploy")
        limits = facts.limits
        label, value = self._label.split("=")
        options: dict[str, Any] = {"command": command, "entrypoint": entrypoint}
        options["working_dir"] = working_directory
        if limits.memory_mib:
            # As much again as swap would not be Fargate's limit.
            options |= {"mem_limit": f"{limits.memory_mib}m", "memswap_limit": f"{limits.memory_mib}m"}
        if limits.vcpus:
            options["nano_cpus"] = min(round(limits.vcpus * 1e9), (os.cpu_count() or 1) * 10**9)
        own = children.SEALED.parent
        raw = self._engine.containers.run(
            image,
            detach=True,
            name=f"engage-{facts.task_id[:12]}-{facts.container}",
            labels={label: value, "com.amazonaws.ecs.task-arn": facts.task_arn},
            network_mode="host",
            volumes=[
                f"{own / 'network.py'}:{_SEAL}/network.py:ro",
                f"{children.SEALED / 'sitecustomize.py'}:{_SEAL}/sealed/sitecustomize.py:ro",
            ],
            environment={
                "AWS_REGION": self._region,
                "AWS_DEFAULT_REGION": self._region,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
                **environment,
                **facts.secrets,
                **facts.credentials,
                "AWS_ENDPOINT_URL": self._endpoint_url,
                "PYTHONPATH": os.pathsep.join(
                    [f"{_SEAL}/sealed", *filter(None, [environment.get("PYTHONPATH")])]
                ),
            },
            **{key: option for key, option in options.items() if option is not None},
        )
        container = EngineContainer(raw, image, facts, (self._on_exit, self._record))
        with self._lock:
            self._all[container.id] = container
            exited = [key for key, old in self._all.items() if old.exit_code is not None]
            old_ones = [self._all.pop(key) for key in exited[:-_KEEP_EXITED]]
        for old in old_ones:
            _remove(old)
        return container

    def remove_all(self, stop_seconds: int = 0) -> None:
        """End and remove what this endpoint has in the engine, whoever of its processes started it."""
        for raw in self._engine.containers.list(all=True, filters={"label": self._label}):
            _remove(raw, stop_seconds)

    def _record(self, container: Any, code: int) -> None:
        facts = container.facts
        record = {
            "task_id": facts.task_id,
            "task_arn": facts.task_arn,
            "family": facts.family,
            "container": facts.container,
            "started": container.started,
            "stopped": container.stopped,
            "exit_code": code,
            "oom_killed": container.reason == OUT_OF_MEMORY,
            "memory_mib": facts.limits.memory_mib,
        }
        path = self._tasks / f"{facts.task_id}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(path)


def _remove(container: Any, stop_seconds: int = 0) -> None:
    stop = partial(container.stop, timeout=stop_seconds)
    remove = partial(container.remove, v=True, force=True)
    for step in (stop, remove) if stop_seconds else (remove,):
        try:
            step()
        except Exception:
            # The engine's trouble with one container must not stop a task or the endpoint's end.
            logger.exception("removing the container %s", container.id[:12])


class EnginePublisher:
    """Builds an image in the local engine, from the same context and Dockerfile as for AWS.

    For this machine's own processor, unlike the ARM64 image of AWS; nothing is pushed.
    """

    def __init__(self, engine: Any, contexts: Path) -> None:
        self._engine, self._contexts = engine, contexts

    def publish(self, image: Any, reference: str) -> bool:
        """Build `image` as `reference`; False when the engine has it. Raises CloudError."""
        from engage_cli.errors import CloudError

        if self._engine.images.list(name=reference):
            return False
        try:
            self._engine.images.build(
                path=str(self._contexts), dockerfile=f"{image.name}/Dockerfile", tag=reference, rm=True
            )
        except Exception as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
            raise CloudError(f"Docker could not build the image '{image.name}': {reason}.") from error
        return True
