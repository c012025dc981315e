"""The script that runs inside a local Lambda environment: imports the handler once, then serves invocations.

It is started ahead of need, imports the AWS SDK (which every managed runtime has ready too), and waits
to be told which function it is: the first line on standard input carries the environment and the working
directory. The lines after it are requests; answers leave as JSON lines on the descriptor named in
`_ENGAGE_ANSWERS`. Standard output and error are the function's log; after each invocation a mark is
written there, so that the endpoint knows that it has read the invocation's last line.

Standard library only, and nothing of this package: the function must find its own zip and the
installed libraries, nothing else.
"""

import contextlib
import importlib
import json
import logging
import os
import sys
import time
import traceback
from typing import Any

MARK = b"\x1e"


class Context:
    """The context object of the Python runtime."""

    identity = None
    client_context = None

    def __init__(self, request: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = request["arn"]
        self.aws_request_id = request["id"]
        self._deadline = request["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        return max(0, int((self._deadline - time.time()) * 1000))


class _LogFormatter(logging.Formatter):
    """`[INFO]\t2026-01-01T00:00:00.000Z\t<request id>\tmessage`, or one JSON object a record."""

    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"
        if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
            entry = {"timestamp": stamp, "level": record.levelname, "message": record.getMessage()}
            entry |= {"logger": record.name, "requestId": self.request_id}
            if record.exc_info:
                entry["stackTrace"] = self.formatException(record.exc_info)
            return json.dumps(entry, default=str)
        text = f"[{record.levelname}]\t{stamp}\t{self.request_id}\t{record.getMessage()}"
        return text + "\n" + self.formatException(record.exc_info) if record.exc_info else text


def main() -> int:
    """Serve until the endpoint closes the pipe. 1 when the handler cannot be imported."""
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    answers = os.fdopen(int(os.environ["_ENGAGE_ANSWERS"]), "wb", buffering=0)
    # An editable install adds source trees to the path; what is deployed has only its own zip.
    prefixes = (sys.prefix, sys.base_prefix, sys.exec_prefix)
    sys.path[:] = [path for path in sys.path if path.startswith(prefixes)]
    with contextlib.suppress(ImportError):
        importlib.import_module("boto3")

    line = requests.readline()
    if not line:
        return 0  # Never needed.
    start = json.loads(line)
    os.environ.clear()
    os.environ.update(start["environment"])
    os.chdir(start["directory"])
    formatter = _LogFormatter()
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(formatter)
    logging.getLogger().addHandler(stream)
    logging.getLogger().setLevel(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "WARNING"))

    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])

    module_name, _, function_name = os.environ["_HANDLER"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module_name.replace("/", ".")), function_name)
    except ImportError as error:
        return _init_failed(
            answers, "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        )
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        return _init_failed(answers, "Runtime.HandlerNotFound", message)
    except Exception as error:
        return _init_failed(answers, type(error).__name__, str(error))
    _write(answers, {"status": "ready"})

    for line in requests:
        request = json.loads(line)
        formatter.request_id = request["id"]
        if request.get("trace"):
            os.environ["_X_AMZN_TRACE_ID"] = request["trace"]
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        started = time.perf_counter()
        try:
            result = handler(request["event"], Context(request))
            answer: dict[str, Any] = {"status": "ok", "body": json.dumps(result)}
        except Exception as error:
            answer = {"status": "error", "error": _describe(error, request["id"])}
        answer["duration_ms"] = (time.perf_counter() - started) * 1000
        answer["peak_bytes"] = _peak_bytes()
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(1, MARK + request["id"].encode() + b"\n")
        _write(answers, answer)
    return 0


def _init_failed(answers: Any, kind: str, message: str) -> int:
    trace = traceback.format_exc()
    print(f"[ERROR] {kind}: {message}\n{trace}", file=sys.stderr, flush=True)
    _write(
        answers, {"status": "error", "error": {"errorType": kind, "errorMessage": message, "stackTrace": []}}
    )
    return 1


def _describe(error: Exception, request_id: str) -> dict[str, Any]:
    """What a failed function answers: the exception's class name, its text, and where it was raised."""
    kind, message = type(error).__name__, str(error)
    stack = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    print(f"[ERROR] {kind}: {message}\nTraceback (most recent call last):\n{''.join(stack)}", file=sys.stderr)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": stack}


def _peak_bytes() -> int:
    """Peak memory of this process; 0 where the system does not say."""
    try:
        # Not getrusage: its peak is inherited from the process that forked this one.
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def _write(answers: Any, answer: dict[str, Any]) -> None:
    data = memoryview(json.dumps(answer).encode() + b"\n")
    while data:
        data = data[answers.write(data) :]


if __name__ == "__main__":
    sys.exit(main())
