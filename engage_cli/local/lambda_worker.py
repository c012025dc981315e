"""Warm Lambda environments as child processes, with real logs, limits and REPORT facts.

Replaces MiniStack's Python worker, which keeps the endpoint's environment (and credentials) in the
child, reports every exception as `Runtime.HandlerError`, and waits up to 50 ms for log lines after
each invocation. Here the environment is clean, the error is the exception's class, the memory size is
a limit, and the end of the log is marked instead of waited for. Runs in the endpoint process.
"""

import hashlib
import io
import json
import logging
import os
import select
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from engage_cli.local import authorization, children
from engage_cli.local.lambda_bootstrap import MARK
from engage_cli.local.lambda_logs import Invocation, log_group, stream_name, write_log

logger = logging.getLogger("engage.lambda")

_INIT_SECONDS = 10.0
_TICK_SECONDS = 0.1
_BOOTSTRAP = Path(__file__).with_name("lambda_bootstrap.py")
_RESERVED = frozenset(
    {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
     "LAMBDA_TASK_ROOT", "_HANDLER", "_ENGAGE_ANSWERS"}
)  # fmt: skip
_extracting = threading.Lock()


class FunctionError(Exception):
    """The function failed; `payload` is what AWS answers with, `facts` what it used if it ran at all."""

    facts: Invocation | None = None

    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.payload = {"errorType": kind, "errorMessage": message, **more}


class Interpreter:
    """A child process that runs the bootstrap script and waits to be told which function it is."""

    def __init__(self, directory: Path) -> None:
        self.answers, theirs = os.pipe()
        try:
            self.process = children.spawn(
                # -P: the directory of the script is not put on the function's path.
                [sys.executable, "-P", str(_BOOTSTRAP)],
                env={**children.base_environment(), "_ENGAGE_ANSWERS": str(theirs)},
                cwd=str(directory),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs,),
            )
        finally:
            os.close(theirs)

    def close(self) -> None:
        """Kill the process and close its pipes."""
        children.signal_group(self.process.pid, 9)
        self.process.wait()
        children.end_group(self.process.pid)
        if self.answers >= 0:
            os.close(self.answers)
            self.answers = -1


class Interpreters:
    """Keeps one interpreter ahead of need, from the first use on: the SDK's import is off the cold start."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._spare: Interpreter | None = None
        self._lock = threading.Lock()

    def take(self) -> Interpreter:
        """An interpreter for a new environment."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None and spare.process.poll() is not None:
            spare.close()
            spare = None
        return spare or Interpreter(self._directory)

    def prepare(self) -> None:
        """Start the next one, unless there is one."""
        with self._lock:
            if self._spare is None:
                self._spare = Interpreter(self._directory)


class Environment:
    """One execution environment: a child process that has imported the handler."""

    def __init__(
        self,
        config: dict[str, Any],
        code: Path,
        scratch: Path,
        environment: dict[str, str],
        interpreters: Interpreters,
    ) -> None:
        self.stream = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.scratch = scratch
        self._memory_bytes = int(config.get("MemorySize", 128)) * 1024 * 1024
        self._lines: list[tuple[int, str]] = []
        self._mark = ""
        self._marked = threading.Condition()
        self._buffer = b""
        started = time.perf_counter()
        self._interpreter = interpreters.take()
        self.process = self._interpreter.process
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        threading.Thread(target=self._read_log, args=(self.process.stdout,), daemon=True).start()
        start = {"environment": environment, "directory": str(code)}
        self.process.stdin.write(json.dumps(start).encode() + b"\n")
        self.process.stdin.flush()
        ready = self._answer(time.monotonic() + max(_INIT_SECONDS, float(config.get("Timeout", 3))))
        self.init_ms = (time.perf_counter() - started) * 1000
        interpreters.prepare()
        if ready is None:
            self.close()
            raise FunctionError("Sandbox.Timedout", f"Init timed out after {self.init_ms / 1000:.2f} seconds")
        if ready["status"] != "ready":
            self.close()
            raise FunctionError(**_arguments(ready["error"]))

    def invoke(
        self, event: Any, request_id: str, arn: str, timeout: float, trace: str | None
    ) -> tuple[Any, Invocation]:
        """Run one invocation. Raises FunctionError; `alive` then says whether the environment goes on."""
        request = {
            "event": event,
            "id": request_id,
            "arn": arn,
            "deadline": time.time() + timeout,
            "trace": trace,
        }
        facts = Invocation(stream=self.stream, started_at=time.time())
        started = time.perf_counter()
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            answer = self._answer(time.monotonic() + timeout, request_id)
        except BrokenPipeError:
            answer = {"status": "exited"}
        facts.duration_ms = (time.perf_counter() - started) * 1000
        if answer is None:
            self.close()
            error = FunctionError(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds",
            )
        elif answer["status"] in ("exited", "memory"):
            code = self.process.poll()
            self.close()
            kind = "Runtime.OutOfMemory" if answer["status"] == "memory" else "Runtime.ExitError"
            how = "signal: killed" if kind == "Runtime.OutOfMemory" else f"exit status {code}"
            error = FunctionError(kind, f"RequestId: {request_id} Error: Runtime exited with error: {how}")
            facts.peak_bytes = self._memory_bytes if kind == "Runtime.OutOfMemory" else 0
        else:
            facts.duration_ms, facts.peak_bytes = answer["duration_ms"], answer["peak_bytes"]
            facts.lines = self._log_of(request_id)
            if answer["status"] == "ok":
                return json.loads(answer["body"]), facts
            error = FunctionError(**_arguments(answer["error"]))
        facts.lines = facts.lines or self.take_log()
        error.facts = facts
        raise error

    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """Kill the process and remove its files."""
        self._interpreter.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def take_log(self) -> list[tuple[int, str]]:
        """The lines since the last call."""
        with self._marked:
            lines, self._lines = self._lines, []
        return lines

    def _log_of(self, request_id: str) -> list[tuple[int, str]]:
        with self._marked:
            # The mark is written before the answer: this waits for the reader's thread, not for the child.
            self._marked.wait_for(lambda: self._mark == request_id, timeout=1)
        return self.take_log()

    def _read_log(self, output: IO[bytes]) -> None:
        for raw in output:
            text, mark, request_id = raw.partition(MARK)
            line = text.decode("utf-8", "replace").rstrip("\r\n")
            with self._marked:
                if line:
                    self._lines.append((int(time.time() * 1000), line))
                if mark:
                    self._mark = request_id.decode().strip()
                    self._marked.notify_all()

    def _answer(self, deadline: float, request_id: str = "") -> dict[str, Any] | None:
        """The next answer; None past the deadline; `exited` or `memory` when it is gone or too big."""
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            readable, _, _ = select.select([self._interpreter.answers], [], [], min(left, _TICK_SECONDS))
            if not readable:
                if _resident_bytes(self.process.pid) > self._memory_bytes:
                    return {"status": "memory"}
                continue
            chunk = os.read(self._interpreter.answers, 1 << 16)
            if not chunk:
                self.process.wait()
                return {"status": "exited"} if request_id else _no_handler(self.process.returncode)
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


def worker_class(base: type, directory: Path, endpoint_url: str) -> type:
    """A subclass of MiniStack's Worker (for its pool) whose process is an `Environment`."""

    interpreters = Interpreters(directory)

    class LocalWorker(base):  # type: ignore[misc]
        environment: Environment | None = None

        def _spawn(self) -> Environment:
            if self.environment is not None:
                self.environment.close()
            self.environment = _new_environment(
                self.config, self.code_zip, directory, endpoint_url, interpreters
            )
            self._proc = self.environment.process
            return self.environment

        def run(self, event: Any, request_id: str, arn: str, trace: str | None) -> tuple[Any, Invocation]:
            with self._lock:
                init_ms = None
                environment = self.environment
                if environment is None or not environment.alive():
                    environment = self._spawn()
                    init_ms = environment.init_ms
                timeout = float(self.config.get("Timeout", 3))
                try:
                    body, facts = environment.invoke(event, request_id, arn, timeout, trace)
                except FunctionError as error:
                    if error.facts is not None:
                        error.facts.init_ms = init_ms
                    raise
                facts.init_ms = init_ms
                return body, facts

        def _discard_tmpdir(self) -> None:
            if self.environment is not None:
                self.environment.close()

    return LocalWorker


class Executor:
    """Replaces MiniStack's warm executor and its log writer, which share facts by request id."""

    def __init__(self) -> None:
        self._facts: dict[str, Invocation] = {}

    def execute(self, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Run an invocation; MiniStack's result: `body`, `log`, and `error` when the function failed."""
        from ministack.core import lambda_runtime
        from ministack.services import lambda_svc

        from engage_cli.local.monitoring import service_metrics
        from engage_cli.local.xray import functions

        config = func.get("config") or func
        if not func.get("code_zip"):
            return _failure("InvalidCodeException", "The function has no code.")
        name, qualifier = config.get("FunctionName", "unknown"), config.get("Version", "$LATEST")
        lambda_svc._ensure_reaper_thread()
        worker, reason = lambda_runtime.acquire_worker(name, config, func["code_zip"], qualifier=qualifier)
        tracing = functions.begin(config)
        if worker is None:
            functions.throttled(tracing, config)
            service_metrics.throttle(name)
            result: dict[str, Any] = lambda_svc._throttle_response(reason_code=reason, msg="Rate Exceeded")
            return result
        try:
            header = tracing.header if tracing is not None else None
            body, facts = worker.run(event, request_id, config.get("FunctionArn", ""), header)
            self._facts[request_id] = facts
            functions.end(tracing, config, request_id, facts, None)
            return {"body": body, "log": facts.text}
        except FunctionError as error:
            facts = error.facts or Invocation(stream=stream_name(qualifier))
            if not facts.lines and worker.environment is not None:
                facts.lines = worker.environment.take_log()
            facts.lines.append((int(time.time() * 1000), f"[ERROR] {error.payload['errorType']}: {error}"))
            self._facts[request_id] = facts
            functions.end(tracing, config, request_id, facts, error.payload)
            return {"body": error.payload, "error": True, "function_error": "Unhandled", "log": facts.text}
        finally:
            lambda_runtime.release_worker(worker)

    def emit_logs(
        self,
        func: dict[str, Any],
        request_id: str,
        log_text: str,
        error: bool,
        duration_ms: float,
        *,
        log_source: str | None = None,
    ) -> None:
        """Write START, the function's lines, END and REPORT to the log group, and count the invocation."""
        from engage_cli.local.monitoring import service_metrics

        config = func.get("config") or func
        qualifier = config.get("Version", "$LATEST")
        facts = self._facts.pop(request_id, None) or Invocation(
            duration_ms=duration_ms,
            stream=stream_name(qualifier),
            lines=[(int(time.time() * 1000), line) for line in log_text.splitlines()],
        )
        service_metrics.invocation(config.get("FunctionName", "unknown"), facts.duration_ms, failed=error)
        try:
            write_log(config, request_id, qualifier, facts)
        except Exception:
            # The invocation has its answer already; a log that cannot be written must not change it.
            logger.exception("the log of %s was not written", config.get("FunctionName"))


def _new_environment(
    config: dict[str, Any], code_zip: bytes, directory: Path, endpoint_url: str, interpreters: Interpreters
) -> Environment:
    from ministack.core.lambda_runtime import _account_region_from_function_config

    role = config.get("Role", "")
    if not authorization.trusts(role, "lambda.amazonaws.com", source_arn=config.get("FunctionArn", "")):
        raise FunctionError("AccessDeniedException", f"The role {role} cannot be assumed by Lambda.")
    name, qualifier = config["FunctionName"], config.get("Version", "$LATEST")
    _, region = _account_region_from_function_config(config)
    code = _extract(code_zip, directory / "lambda-code")
    scratch = directory / f"lambda-{name}-{uuid4().hex[:8]}"
    scratch.mkdir(parents=True)
    logging_config = config.get("LoggingConfig") or {}
    variables = (config.get("Environment") or {}).get("Variables") or {}
    environment = {
        **children.base_environment(),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{key: str(value) for key, value in variables.items() if key not in _RESERVED},
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": qualifier,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(config),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream_name(qualifier),
        "AWS_LAMBDA_LOG_FORMAT": logging_config.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_LEVEL": logging_config.get("ApplicationLogLevel", "WARNING"),
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": config.get("Handler", "app.handler"),
        **authorization.session_credentials(role, name),
    }
    # For the programs that the function starts: it is told its environment when it runs already.
    return Environment(config, code, scratch, children.sealed(environment), interpreters)


def _extract(code_zip: bytes, cache: Path) -> Path:
    """The unpacked zip, kept by its digest: environments share it, and the bytecode compiled in it."""
    target = cache / hashlib.sha256(code_zip).hexdigest()[:32]
    with _extracting:
        if not target.exists():
            unpacked = cache / f".{target.name}.{uuid4().hex[:6]}"
            with zipfile.ZipFile(io.BytesIO(code_zip)) as archive:
                archive.extractall(unpacked)
            unpacked.rename(target)
    return target


def _arguments(error: dict[str, Any]) -> dict[str, Any]:
    more = {key: value for key, value in error.items() if key not in ("errorType", "errorMessage")}
    return {"kind": error["errorType"], "message": error["errorMessage"], **more}


def _failure(kind: str, message: str) -> dict[str, Any]:
    return {"body": {"errorType": kind, "errorMessage": message}, "error": True, "log": ""}


def _no_handler(code: int) -> dict[str, Any]:
    message = f"Runtime exited with error: exit status {code}"
    return {"status": "error", "error": {"errorType": "Runtime.ExitError", "errorMessage": message}}


def _resident_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
