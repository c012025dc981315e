"""Images in a Docker engine: what is asked of docker-py, and, where it is installed, of the engine's API.

No real engine was ever there: the engine is an object, or an HTTP server on a socket, of this file.
"""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from uuid import uuid4

import pytest

from engage_cli.bundle.images import load_image
from engage_cli.errors import CloudError, UserError
from engage_cli.local import docker_tasks
from engage_cli.local.containers import TaskFacts
from engage_cli.local.docker_tasks import EngineClient, EnginePublisher
from engage_cli.local.images import ImageNotFoundError
from engage_cli.local.task_limits import Limits
from tests.waiting import PATIENCE_SECONDS, until

REFERENCE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/training:abc"
FACTS = TaskFacts(
    "arn:aws:ecs:us-east-1:000000000000:task/c/0123456789abcdef",
    "training",
    "main",
    Limits(memory_mib=2048, vcpus=0.5, stop_seconds=7),
    {"AWS_ACCESS_KEY_ID": "ASIA1"},
    {"TOKEN": "secret"},
)


class Raw:
    """A container of the engine that ends when `finish` is called."""

    def __init__(self, engine: "Engine", image: str, options: dict[str, Any]) -> None:
        self.id, self.image, self.options = uuid4().hex * 2, image, options
        self.attrs: dict[str, Any] = {"State": {"OOMKilled": False}}
        self.calls: list[tuple[str, Any]] = []
        self._engine, self._code, self._done = engine, 0, threading.Event()

    def finish(self, code: int, *, oom: bool = False) -> None:
        self._code, self.attrs = code, {"State": {"OOMKilled": oom}}
        self._done.set()

    def wait(self) -> dict[str, int]:
        self._done.wait(10)
        return {"StatusCode": self._code}

    def reload(self) -> None:
        self.calls.append(("reload", None))

    def stop(self, timeout: int) -> None:
        self.calls.append(("stop", timeout))
        self.finish(143)

    def remove(self, *, v: bool, force: bool) -> None:
        self.calls.append(("remove", (v, force)))
        self._engine.made.remove(self)


class Engine:
    """docker-py's client, as far as we use it."""

    def __init__(self, *names: str) -> None:
        self.names, self.made, self.builds = list(names), [], []  # type: ignore[var-annotated]
        self.images = self.containers = self

    def list(self, name: str = "", **filters: Any) -> Any:
        return [one for one in self.names if one == name] if name else list(self.made)

    def build(self, **options: Any) -> None:
        self.builds.append(options)
        self.names.append(options["tag"])

    def run(self, image: str, **options: Any) -> Raw:
        self.made.append(Raw(self, image, options))
        return self.made[-1]


@pytest.fixture
def ends() -> list[tuple[str, int]]:
    return []


def client_of(engine: Any, directory: Path, ends: list[tuple[str, int]]) -> EngineClient:
    (directory / "tasks").mkdir(exist_ok=True)

    def on_exit(container: Any, code: int) -> None:
        ends.append((container.facts.task_id, code))

    return EngineClient(engine, directory, "http://127.0.0.1:4566", "us-east-1", on_exit)


def test_a_task_is_a_container_with_its_limits_secrets_and_the_seal(
    tmp_path: Path, ends: list[tuple[str, int]]
) -> None:
    engine = Engine(REFERENCE)
    client = client_of(engine, tmp_path, ends)
    container = client.containers.run(REFERENCE, environment={"RUN_ID": "r"}, facts=FACTS, command=["--x"])
    options = engine.made[0].options
    assert (options["mem_limit"], options["memswap_limit"], options["nano_cpus"]) == (
        "2048m",
        "2048m",
        5 * 10**8,
    )
    assert (options["command"], options["network_mode"], options["detach"]) == (["--x"], "host", True)
    assert "entrypoint" not in options
    environment = options["environment"]
    assert environment["RUN_ID"] == "r"
    assert environment["TOKEN"] == "secret"
    assert environment["AWS_ACCESS_KEY_ID"] == "ASIA1"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["PYTHONPATH"] == "/opt/engage/sealed"
    for mount in options["volumes"]:
        source, target, mode = mount.split(":")
        assert Path(source).is_file()
        assert target.startswith("/opt/engage/")
        assert mode == "ro"
    assert client.containers.get(container.id[:12]) is container
    assert container.status == "running"
    engine.made[0].finish(3)
    assert container.wait(PATIENCE_SECONDS) == {"StatusCode": 3}
    assert (container.status, ends) == ("exited", [("0123456789abcdef", 3)])
    record = json.loads((tmp_path / "tasks" / "0123456789abcdef.json").read_text())
    assert (record["exit_code"], record["memory_mib"]) == (3, 2048)
    assert "secret" not in json.dumps(record)


def test_over_its_memory_means_killed_by_the_engine(tmp_path: Path, ends: list[tuple[str, int]]) -> None:
    engine = Engine(REFERENCE)
    container = client_of(engine, tmp_path, ends).containers.run(REFERENCE, environment={}, facts=FACTS)
    engine.made[0].finish(137, oom=True)
    container.wait(PATIENCE_SECONDS)
    assert "OutOfMemoryError" in container.reason


def test_stop_and_the_end_of_the_endpoint_reach_the_engine(
    tmp_path: Path, ends: list[tuple[str, int]]
) -> None:
    engine = Engine(REFERENCE)
    client = client_of(engine, tmp_path, ends)
    container = client.containers.run(REFERENCE, environment={}, facts=FACTS)
    raw = engine.made[0]
    container.stop(timeout=7)
    assert container.wait(PATIENCE_SECONDS) == {"StatusCode": 143}
    assert ("stop", 7) in raw.calls
    client.containers.run(REFERENCE, environment={}, facts=FACTS)
    client.shutdown()
    assert engine.made == []


def test_containers_of_a_killed_endpoint_are_removed_at_the_next_start(
    tmp_path: Path, ends: list[tuple[str, int]]
) -> None:
    engine = Engine(REFERENCE)
    client_of(engine, tmp_path, ends).containers.run(REFERENCE, environment={}, facts=FACTS)
    client_of(engine, tmp_path, ends)
    assert engine.made == []


def test_a_container_that_cannot_be_stopped_is_removed_all_the_same(
    tmp_path: Path, ends: list[tuple[str, int]]
) -> None:
    engine = Engine(REFERENCE)
    client = client_of(engine, tmp_path, ends)
    client.containers.run(REFERENCE, environment={}, facts=FACTS)

    def refuse(timeout: int) -> None:
        raise OSError("the engine said no")

    engine.made[0].stop = refuse
    client.shutdown()
    assert engine.made == []


def test_containers_that_have_ended_do_not_pile_up(tmp_path: Path, ends: list[tuple[str, int]]) -> None:
    engine = Engine(REFERENCE)
    client = client_of(engine, tmp_path, ends)
    for _ in range(15):
        container = client.containers.run(REFERENCE, environment={}, facts=FACTS)
        engine.made[-1].finish(0)
        container.wait(PATIENCE_SECONDS)
    assert len(engine.made) == 11, "the last ten, and one that had not ended when it was counted"


def test_an_image_that_was_not_built_is_named_and_never_pulled(
    tmp_path: Path, ends: list[tuple[str, int]]
) -> None:
    engine = Engine()
    with pytest.raises(ImageNotFoundError, match=f"{REFERENCE}.*engage deploy"):
        client_of(engine, tmp_path, ends).containers.run(REFERENCE, environment={}, facts=FACTS)
    assert engine.made == []


def test_images_are_built_from_what_the_bundle_builds(tmp_path: Path) -> None:
    engine, image = Engine(), load_image("training")
    publisher = EnginePublisher(engine, tmp_path)
    assert publisher.publish(image, REFERENCE) is True
    assert engine.builds == [
        {"path": str(tmp_path), "dockerfile": "training/Dockerfile", "tag": REFERENCE, "rm": True}
    ]
    assert publisher.publish(image, REFERENCE) is False
    assert "training/Dockerfile" in image.files


def test_a_build_that_fails_is_told_in_one_sentence() -> None:
    class Broken(Engine):
        def build(self, **_: Any) -> None:
            raise ValueError("pip found no wheel")

    with pytest.raises(CloudError, match="could not build the image 'training': pip found no wheel"):
        EnginePublisher(Broken(), Path("/")).publish(load_image("training"), REFERENCE)


def test_without_an_engine_one_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        docker_tasks.connect({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    message = caught.value.message
    assert "No Docker engine answers at" in message or "Docker SDK for Python" in message
    assert "\n" not in message
    assert "--containers process" in str(caught.value.hint)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def engine_api(tmp_path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """An engine's HTTP API on a socket: its address, and what was asked of it."""
    seen: dict[str, Any] = {"calls": []}
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self) -> str:
            return "socket"

        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, body: Any, status: int = 200) -> None:
            data = b"OK" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            path = re.sub(r"^/v[\d.]+", "", self.path).partition("?")[0]
            seen["calls"].append(f"{self.command} {path}")
            container = {"Id": "c" * 64, "State": {"Status": "exited", "OOMKilled": False}, "Config": {}}
            if path == "/version":
                self.answer({"ApiVersion": "1.44"})
            elif path == "/images/json":
                self.answer([{"Id": "sha256:1"}])
            elif path.startswith("/images/"):
                self.answer({"Id": "sha256:1", "RepoTags": [REFERENCE]})
            elif path == "/containers/json":
                self.answer([])
            elif path == "/containers/create":
                seen["create"] = body
                self.answer({"Id": "c" * 64, "Warnings": []}, 201)
            elif path.endswith("/wait"):
                ended.wait(10)
                self.answer({"StatusCode": 143})
            elif path.endswith("/stop"):
                seen["stop"] = self.path
                ended.set()
                self.answer({}, 200)
            else:
                self.answer(None if path == "/_ping" else container)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

    path = tmp_path / "engine.sock"
    with _Server(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"unix://{path}", seen
        server.shutdown()


def test_docker_py_turns_it_into_calls_of_the_engines_api(
    engine_api: tuple[str, dict[str, Any]], tmp_path: Path, ends: list[tuple[str, int]]
) -> None:
    pytest.importorskip("docker", reason="the Docker SDK for Python is not installed")
    address, seen = engine_api
    client = client_of(docker_tasks.connect({"DOCKER_HOST": address}), tmp_path, ends)
    container = client.containers.run(REFERENCE, environment={"RUN_ID": "r"}, facts=FACTS, command=["--x"])
    host = seen["create"]["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (2**31, 2**31, 5 * 10**8)
    assert host["NetworkMode"] == "host"
    assert len(host["Binds"]) == 2
    assert {"RUN_ID=r", "TOKEN=secret"} <= set(seen["create"]["Env"])
    assert (seen["create"]["Image"], seen["create"]["Cmd"]) == (REFERENCE, ["--x"])
    container.stop(timeout=7)
    assert container.wait(PATIENCE_SECONDS) == {"StatusCode": 143}
    assert "t=7" in seen["stop"]
    until(lambda: ends)
    assert ends == [("0123456789abcdef", 143)]
