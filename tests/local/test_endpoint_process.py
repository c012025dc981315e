"""Starting, finding and stopping the endpoint."""

import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from engage_cli.errors import CloudError, UserError
from engage_cli.local import process, server

pytestmark = pytest.mark.local


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    process.stop(tmp_path)


def test_the_next_command_finds_the_endpoint_and_does_not_start_another(home: Path, endpoint: Any) -> None:
    assert process.ensure_started(home) == endpoint
    assert process.find_running(home) == endpoint


def test_commands_at_the_same_time_start_one_endpoint(own_home: Path) -> None:
    program = (
        "from pathlib import Path; from engage_cli.local import process as p; "
        f"print(p.ensure_started(Path({str(own_home)!r})).pid)"
    )

    def start(_: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1


def test_restart_keeps_port_credentials_and_objects(own_home: Path) -> None:
    first = process.ensure_started(own_home)
    s3 = client(first)
    s3.create_bucket(Bucket="kept-bucket")
    s3.put_object(Bucket="kept-bucket", Key="a/b", Body=b"kept")
    assert process.stop(own_home)
    assert process.find_running(own_home) is None
    second = process.ensure_started(own_home)
    assert (second.port, second.secret_key) == (first.port, first.secret_key)
    assert second.pid != first.pid
    assert client(second).get_object(Bucket="kept-bucket", Key="a/b")["Body"].read() == b"kept"


def test_files_with_secrets_are_for_the_owner_alone(endpoint: Any) -> None:
    for name in ("endpoint.json", "identity.json"):
        assert stat.S_IMODE((endpoint.state_dir / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(endpoint.state_dir.stat().st_mode) == 0o700
    assert endpoint.secret_key not in repr(endpoint)
    assert endpoint.secret_key not in "\n".join(process.log_tail(endpoint.state_dir.parent, 1000))


def test_a_process_id_that_was_reused_is_not_taken_for_the_endpoint(tmp_path: Path, endpoint: Any) -> None:
    record = {
        "port": endpoint.port,
        "pid": os.getpid(),
        "instance": "another",
        "access_key": "a",
        "secret_key": "b",
    }
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "endpoint.json").write_text(json.dumps(record))
    assert process.find_running(tmp_path) is None
    assert process.stop(tmp_path) is False


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": "x"}'])
def test_a_damaged_record_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "endpoint.json").write_text(content)
    assert process.find_running(tmp_path) is None


def test_a_directory_that_cannot_be_written_is_the_users_to_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        process.ensure_started(tmp_path / "file" / "home")


def test_a_start_that_fails_shows_the_end_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "state").mkdir()
    (tmp_path / "local" / "identity.json").write_text(
        '{"access_key": 1, "secret_key": {}, "port": null, "x": 1'
    )
    monkeypatch.setattr(process.sys, "executable", "/bin/false")
    with pytest.raises(CloudError, match="exit code 1") as failed:
        process.ensure_started(tmp_path)
    assert "endpoint.log" in str(failed.value.hint)


def test_reset_deletes_the_data_and_keeps_the_identity(own_home: Path) -> None:
    first = process.ensure_started(own_home)
    client(first).create_bucket(Bucket="gone-bucket")
    process.reset(own_home)
    assert process.find_running(own_home) is None
    second = process.ensure_started(own_home)
    assert client(second).list_buckets()["Buckets"] == []
    assert second.secret_key == first.secret_key


def test_status_names_the_state_directory(home: Path, endpoint: Any) -> None:
    status = process.status(home)
    assert status.running
    assert status.state_dir == home / "local"
    assert status.disk_bytes > 0
    assert status.uptime_seconds is not None
    assert status.uptime_seconds > 0


def test_it_listens_on_loopback_only_and_connects_nowhere_else(
    endpoint: Any, aws: Callable[..., Any], function: Callable[..., str]
) -> None:
    name = function(
        """
        import socket, boto3
        def handler(event, context):
            sts = boto3.client("sts").get_caller_identity()["Arn"]
            try:
                socket.create_connection(("192.0.2.1", 80), timeout=1)
            except OSError as error:
                return [sts, str(error)]
            return [sts, "connected"]
        """
    )
    seen: set[str] = set()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(aws("lambda").invoke, FunctionName=name)
        while not call.done():
            seen |= addresses(endpoint.pid)
            time.sleep(0.02)
    arn, refusal = json.loads(call.result()["Payload"].read())
    assert ":assumed-role/" in arn
    assert "does not connect" in refusal
    seen |= addresses(endpoint.pid)
    assert seen == {"127.0.0.1"}


def test_the_light_client_needs_no_heavy_import() -> None:
    heavy = "('boto3', 'ministack', 'psutil', 'asyncio')"
    program = f"import sys; import engage_cli.local.process; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def addresses(pid: int) -> set[str]:
    """Local and remote addresses of every socket of a process and its children."""
    found = set()
    parent = psutil.Process(pid)
    for member in [parent, *parent.children(recursive=True)]:
        try:
            connections = member.net_connections(kind="inet")
        except psutil.NoSuchProcess:
            continue
        for connection in connections:
            found |= {address.ip for address in (connection.laddr, connection.raddr) if address}
    return found


def client(endpoint: process.Endpoint, service: str = "s3") -> Any:
    import boto3

    return boto3.client(
        service,
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id=endpoint.access_key,
        aws_secret_access_key=endpoint.secret_key,
    )


def test_endpoints_that_start_together_take_a_port_each() -> None:
    with server.listen([0]) as first:
        port: int = first.getsockname()[1]
        with server.listen([port, 0]) as second:
            assert second.getsockname()[1] != port


def test_a_taken_port_is_no_obstacle(own_home: Path) -> None:
    process._prepare(own_home)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        identity = process.identity(process.state_dir(own_home))
        port = taken.getsockname()[1]
        process.write_private(process.state_dir(own_home) / "identity.json", {**identity, "port": port})
        assert process.ensure_started(own_home).port != port
