"""Fargate without Docker: a docker-py shaped client that runs an image's entry point as a child process.

MiniStack's ECS asks a docker client to run its tasks; this is that client. An image is a directory
`<images>/<repository>/<tag>/` with the build context and an `image.json`:
`{"entrypoint": ["python", "-m", "training"], "workdir": ".", "env": {}}`. The process gets a clean
environment, the task's own variables, and temporary credentials of the task role; its exit code, its
output and its limits are real (`task_limits`). What a task used is left in `<tasks>/<task-id>.json`.
"""

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from engage_cli.local import children
from engage_cli.local.images import Images, image_directory, load_manifest
from engage_cli.local.task_limits import OUT_OF_MEMORY, Cores, Limits, Watch

logger = logging.getLogger("engage.containers")

_KEEP_LINES = 50_000
_KEEP_EXITED = 200
_KILLED_EXIT = 137


OnExit = Callable[[Any, int], None]
"""Is given the container and its exit code before anyone else sees that it has ended."""


@dataclass(frozen=True)
class TaskFacts:
    """What the task definition says about one container of a task.

    `credentials` and `secrets` are environment variables that appear nowhere else.
    """

    task_arn: str
    family: str
    container: str
    limits: Limits = field(default_factory=Limits)
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def task_id(self) -> str:
        return self.task_arn.rsplit("/", 1)[-1]


class Container:
    """One running or finished process, with the part of docker-py's interface that MiniStack uses."""

    def __init__(
        self,
        image: str,
        command: Sequence[str],
        env: dict[str, str],
        cwd: Path,
        facts: TaskFacts,
        scratch: Path,
        cores: Collection[int] = (),
        on_exit: Sequence[OnExit] = (),
    ) -> None:
        self.id = uuid4().hex * 2
        self.image = image
        self.facts = facts
        self.started = time.time()
        self.stopped: float | None = None
        self.exit_code: int | None = None
        self.cpu_seconds = 0.0
        self._peak_at_exit = 0
        self._on_exit = on_exit
        self.cores = cores
        self._scratch = scratch
        self._lines: deque[bytes] = deque(maxlen=_KEEP_LINES)
        self._count = 0
        self._output_closed = False
        self._changed = threading.Condition()
        self._process = children.spawn(
            command,
            env=env,
            cwd=str(cwd),
            cores=cores,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._limits = Watch(self._process.pid, facts.limits, scratch, self.kill)
        assert self._process.stdout is not None
        reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        reader.start()
        threading.Thread(target=self._wait, args=(reader,), daemon=True).start()
        ended = (lambda: self.stopped is not None,)
        threading.Thread(target=self._limits.run, args=ended, daemon=True).start()

    @property
    def status(self) -> str:
        return "running" if self.exit_code is None else "exited"

    @property
    def reason(self) -> str:
        """Why the endpoint killed it; empty when it did not."""
        return self._limits.reason

    @property
    def oom_killed(self) -> bool:
        return self.reason == OUT_OF_MEMORY

    @property
    def peak_rss_bytes(self) -> int:
        return self._limits.peak_rss_bytes or self._peak_at_exit

    @property
    def labels(self) -> dict[str, str]:
        return {
            "com.amazonaws.ecs.task-arn": self.facts.task_arn,
            "com.amazonaws.ecs.task-definition-family": self.facts.family,
            "com.amazonaws.ecs.container-name": self.facts.container,
        }

    @property
    def attrs(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Config": {"Image": self.image, "Labels": self.labels},
            "State": {"Status": self.status, "ExitCode": self.exit_code or 0, "OOMKilled": self.oom_killed},
            "NetworkSettings": {"Networks": {"engage": {"IPAddress": "127.0.0.1"}}},
        }

    def reload(self) -> None:
        """docker-py refreshes a cached answer here; this object is always current."""

    def wait(self, timeout: float | None = None) -> dict[str, int]:
        """Wait for the exit, in seconds; the exit code under `StatusCode`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.exit_code is not None, timeout):
                raise TimeoutError(f"The container {self.id[:12]} still runs.")
        return {"StatusCode": self.exit_code or 0}

    def logs(
        self,
        *,
        stream: bool = False,
        follow: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        tail: int | None = None,
    ) -> bytes | Iterator[bytes]:
        """Output lines so far, or, with `stream` and `follow`, each line as it comes until the end."""
        if stream:
            return self._follow() if follow else iter(list(self._lines))
        with self._changed:
            lines = list(self._lines)
        return b"".join(lines[-tail:] if tail else lines)

    def stop(self, timeout: float = 10) -> None:
        """SIGTERM, and SIGKILL when the process is still there after `timeout` seconds."""
        if self.exit_code is not None:
            return
        children.signal_group(self._process.pid, signal.SIGTERM)
        try:
            self.wait(timeout)
        except TimeoutError:
            self.kill()
            with contextlib.suppress(TimeoutError):
                self.wait(5)

    def kill(self) -> None:
        """SIGKILL to the process and all that it started."""
        if self.exit_code is None:
            children.signal_group(self._process.pid, signal.SIGKILL)

    def remove(self, *, v: bool = False, force: bool = False) -> None:
        """Forget the container; with `force` also when it still runs."""
        if self.exit_code is None and not force:
            raise RuntimeError(f"The container {self.id[:12]} is running: stop it first.")
        self.stop(timeout=0.1)

    def _follow(self) -> Iterator[bytes]:
        seen = 0
        while True:
            with self._changed:
                while self._count <= seen and not self._output_closed:
                    self._changed.wait()
                fresh = min(self._count - seen, len(self._lines))
                lines = list(self._lines)[len(self._lines) - fresh :]
                seen = self._count
                done = self._output_closed
            yield from lines
            if done:
                return

    def _read(self, output: IO[bytes]) -> None:
        for line in output:
            with self._changed:
                self._lines.append(line)
                self._count += 1
                self._changed.notify_all()
        with self._changed:
            self._output_closed = True
            self._changed.notify_all()

    def _wait(self, reader: threading.Thread) -> None:
        # wait4 also tells what the process and all its children used.
        _, status, usage = os.wait4(self._process.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        self.stopped = time.time()
        # Nothing that the entry point left behind may outlive the task.
        children.end_group(self._process.pid)
        reader.join(timeout=5)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self._peak_at_exit = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        code = _KILLED_EXIT if self.reason else (128 - code if code < 0 else code)
        for callback in self._on_exit:
            try:
                callback(self, code)
            except Exception:
                logger.exception("after the exit of task %s", self.facts.task_id)
        shutil.rmtree(self._scratch, ignore_errors=True)
        with self._changed:
            self.exit_code = code
            self._changed.notify_all()


class LocalClient:
    """The client that MiniStack gets instead of `docker.from_env()`.

    `images` and `tasks` are directories; `endpoint_url` is what the tasks' AWS SDK talks to; `on_exit` is
    called for every container that has ended.
    """

    def __init__(
        self, images: Path, tasks: Path, scratch: Path, endpoint_url: str, region: str, on_exit: OnExit
    ) -> None:
        self.containers = _Containers(images, tasks, scratch, endpoint_url, region, on_exit)
        self.images = Images(images)

    def shutdown(self) -> None:
        """Stop every task: SIGTERM to all, SIGKILL to who is left after three seconds."""
        running = [container for container in self.containers.list() if container.exit_code is None]
        for container in running:
            children.signal_group(container._process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 3
        for container in running:
            container.stop(timeout=max(0.0, deadline - time.monotonic()))


class _Containers:
    def __init__(
        self, images: Path, tasks: Path, scratch: Path, endpoint_url: str, region: str, on_exit: OnExit
    ) -> None:
        self._on_exit = on_exit
        self._images, self._tasks, self._scratch = images, tasks, scratch
        self._endpoint_url, self._region = endpoint_url, region
        self._cores = Cores()
        self._all: dict[str, Container] = {}
        self._lock = threading.Lock()

    def get(self, container_id: str) -> Container:
        with self._lock:
            for key, container in self._all.items():
                if container_id and key.startswith(container_id):
                    return container
        raise KeyError(f"No such container: {container_id}")

    def list(self, *, all: bool = True, filters: dict[str, Any] | None = None) -> "list[Container]":
        wanted = (filters or {}).get("label", [])
        pairs = [label.partition("=") for label in ([wanted] if isinstance(wanted, str) else wanted)]
        with self._lock:
            found = list(self._all.values())
        return [
            container
            for container in found
            if (all or container.exit_code is None)
            and not any(name == "ministack" for name, _, _ in pairs)
            and not any(
                name in container.labels and container.labels[name] != value for name, _, value in pairs
            )
        ]

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
    ) -> Container:
        """Start a container. Raises ImageNotFoundError naming the image."""
        directory = image_directory(self._images, image)
        manifest = load_manifest(directory, image)
        scratch = self._scratch / f"task-{facts.task_id}-{uuid4().hex[:6]}"
        scratch.mkdir(parents=True)
        arguments = [*(entrypoint or manifest["entrypoint"]), *(command or manifest.get("command") or [])]
        arguments = [sys.executable if part in ("python", "python3") else part for part in arguments]
        env = {
            **children.base_environment(),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONUNBUFFERED": "1",
            # Images are shared by tasks and read-only in a registry: no bytecode is written into them.
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            **manifest.get("env", {}),
            **environment,
            **facts.secrets,
            **facts.credentials,
            "AWS_ENDPOINT_URL": self._endpoint_url,
        }
        env["PYTHONPATH"] = os.pathsep.join([str(directory), *filter(None, [env.get("PYTHONPATH")])])
        workdir = directory / (working_directory or manifest.get("workdir", "."))
        cores = self._cores.take(facts.limits.vcpus)
        try:
            callbacks = (self._on_exit, self._record)
            container = Container(image, arguments, env, workdir, facts, scratch, cores, callbacks)
        except (OSError, subprocess.SubprocessError) as error:
            self._cores.give_back(cores)
            shutil.rmtree(scratch, ignore_errors=True)
            raise RuntimeError(f"cannot start {arguments[0]!r} of image {image}: {error}") from error
        with self._lock:
            self._all[container.id] = container
            exited = [key for key, old in self._all.items() if old.exit_code is not None]
            for key in exited[:-_KEEP_EXITED]:
                del self._all[key]
        return container

    def _record(self, container: Container, code: int) -> None:
        self._cores.give_back(container.cores)
        facts = container.facts
        record = {
            "task_id": facts.task_id,
            "task_arn": facts.task_arn,
            "family": facts.family,
            "container": facts.container,
            "started": container.started,
            "stopped": container.stopped,
            "exit_code": code,
            "oom_killed": container.oom_killed,
            "memory_mib": facts.limits.memory_mib,
            "cores": list(container.cores),
            "peak_rss_bytes": container.peak_rss_bytes,
            "cpu_seconds": round(container.cpu_seconds, 3),
        }
        path = self._tasks / f"{facts.task_id}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(path)
