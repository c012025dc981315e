"""The state's file, its changes, and objects that a kill leaves whole."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.local import s3_files
from engage_cli.local.guard import Guard
from engage_cli.local.state_file import Changes, StateError, StateFile

KEYS = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]), st.sampled_from(["1", "2", "3"]))
VALUES = st.one_of(st.none(), st.text(max_size=20))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.sets(KEYS)), max_size=5
    )
)
def test_what_was_written_is_read_back_by_the_next_process(steps: list[Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "state.sqlite"
        file = StateFile(path)
        records: dict[Any, str] = {}
        children: dict[Any, str] = {}
        for changed, parts, emptied in steps:
            gone = {(service, parent) for service, parent, _ in emptied}
            file.write(Changes(records=changed, children=parts, emptied=gone))
            children = {key: value for key, value in children.items() if key[:2] not in gone}
            for kept, new in ((records, changed), (children, parts)):
                kept.update({key: value for key, value in new.items() if value is not None})
                for key in [key for key, value in new.items() if value is None]:
                    kept.pop(key, None)
        # Without closing: what a killed process leaves.
        second = StateFile(path)
        assert {(s, *r[:2]): r[2] for s in ("a", "b") for r in second.records(s)} == records
        assert {(s, *r[:2]): r[2] for s in ("a", "b") for r in second.children(s)} == children
        file.close()
        second.close()


def test_a_full_disk_is_one_sentence_and_loses_nothing_that_was_written(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.sqlite")
    file.write(Changes(records={("s", "store", "kept"): "1"}))
    pages = file._connection.execute("PRAGMA page_count").fetchone()[0]
    file._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StateError, match="disk is full") as full:
        file.write(Changes(records={("s", "store", "large"): "x" * 1_000_000}))
    assert "Free disk space" in full.value.hint
    assert list(file.records("s")) == [("store", "kept", "1")]
    file._connection.execute("PRAGMA max_page_count = 100000")
    file.write(Changes(records={("s", "store", "large"): "2"}))
    assert len(list(file.records("s"))) == 2


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    StateFile(tmp_path / "state.sqlite")
    assert (tmp_path / "state.sqlite").stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_text("x" * 5000)
    with pytest.raises(StateError, match="damaged"):
        StateFile(tmp_path / "state.sqlite")


# -- the guard


def answer_of(app: Any, headers: list[tuple[bytes, bytes]], barrier: Any, body: bytes = b"") -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:4566"), *headers],
    }
    guard = Guard(app, instance={}, admin_secret="s", barrier=barrier)
    asyncio.run(guard(scope, receive, send))
    return sent


async def accepting(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}", "more_body": False})


def test_a_response_waits_until_what_it_tells_is_on_disk() -> None:
    order: list[str] = []

    async def barrier(request: Any) -> None:
        order.append(f"{request.service} {request.operation} reads={request.reads}")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        order.append("changed")
        await accepting(scope, receive, send)

    sent = answer_of(app, [(b"x-amz-target", b"DynamoDB_20120810.PutItem")], barrier)
    assert order == ["changed", "dynamodb PutItem reads=False"]
    assert sent[0]["status"] == 200


def test_a_refusal_of_the_disk_is_told_in_the_clients_protocol() -> None:
    async def barrier(request: Any) -> None:
        raise StateError("The disk is full.", "Free some.")

    sent = answer_of(accepting, [(b"x-amz-target", b"DynamoDB_20120810.PutItem")], barrier)
    assert sent[0]["status"] == 507
    assert json.loads(sent[1]["body"])["message"] == "The disk is full. Free some."
    form = [(b"content-type", b"application/x-www-form-urlencoded"), credentials("iam")]
    sent = answer_of(accepting, form, barrier, b"Action=CreateRole&Version=2010-05-08")
    assert b"<Message>The disk is full. Free some.</Message>" in sent[1]["body"]
    assert len(sent) == 2


def test_the_action_of_the_query_protocol_tells_reading_from_writing() -> None:
    seen: list[tuple[str, bool]] = []

    async def barrier(request: Any) -> None:
        seen.append((request.service, request.reads))

    form = [(b"content-type", b"application/x-www-form-urlencoded"), credentials("cloudformation")]
    for action in ("DescribeStacks", "CreateStack"):
        answer_of(accepting, form, barrier, f"Action={action}".encode())
    assert seen == [("cloudformation", True), ("cloudformation", False)]


def credentials(service: str) -> tuple[bytes, bytes]:
    scope = f"AKIA/20261124/us-east-1/{service}/aws4_request"
    return b"authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host".encode()


# -- objects


def bucket(tmp_path: Path, **files: bytes) -> Path:
    folder = tmp_path / "000000000000" / "bucket"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return folder


def meta(size: int) -> bytes:
    return json.dumps({"size": size}).encode()


@pytest.mark.parametrize(
    ("files", "body", "size"),
    [
        # Killed before the sidecar took its place: the old object.
        (
            {"k": b"old", "k__meta__json": meta(3), "k__meta__json__tmp": meta(6), "k__tmp": b"newnew"},
            b"old",
            3,
        ),
        ({"k": b"old", "k__meta__json": meta(3), "k__meta__json__tmp": meta(6), "k__tmp": b"ne"}, b"old", 3),
        ({"k": b"old", "k__meta__json": meta(3), "k__meta__json__tmp": meta(6)}, b"old", 3),
        # Killed after it: the new one.
        ({"k": b"old", "k__meta__json": meta(6), "k__tmp": b"newnew"}, b"newnew", 6),
        ({"k__meta__json": meta(6), "k__tmp": b"newnew"}, b"newnew", 6),
    ],
)
def test_an_interrupted_write_leaves_the_old_object_or_the_new_one(
    tmp_path: Path, files: dict[str, bytes], body: bytes, size: int
) -> None:
    folder = bucket(tmp_path, **files)
    assert s3_files.repair(tmp_path) > 0
    assert (folder / "k").read_bytes() == body
    assert json.loads((folder / "k.meta.json").read_text())["size"] == size
    assert sorted(path.name for path in folder.iterdir()) == ["k", "k.meta.json"]
    assert s3_files.repair(tmp_path) == 0


def test_a_disk_that_refuses_an_object_is_told_to_the_request_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ministack.services import s3

    monkeypatch.setattr(s3, "DATA_DIR", str(tmp_path))
    persist: Callable[..., None] = s3_files.wrap_persist_object(s3._persist_object)
    record = {"body": b"old", "size": 3, "etag": '"e"'}
    persist("bucket", "key", record)
    path = next(path for path in tmp_path.rglob("key"))
    failures: list[OSError] = []
    s3_files.failures.set(failures)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(s3_files.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        persist("bucket", "key", {"body": b"new", "size": 3, "etag": '"f"'})
    assert [error.errno for error in failures] == [28]
    assert path.read_bytes() == b"old"
    assert not list(tmp_path.rglob("*.tmp"))


def test_sqlite_here_has_the_journal_that_the_promise_rests_on(tmp_path: Path) -> None:
    StateFile(tmp_path / "state.sqlite")
    connection = sqlite3.connect(tmp_path / "state.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
