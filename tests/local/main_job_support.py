"""What the tests of the main job share: the command line as a caller sees it, and a look behind it."""

import contextlib
import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from engage_cli.cli.main import run
from engage_cli.local import process

REGION = "us-east-1"
CUSTOMERS = 3000
SEED = 7
STATES = [
    "Begin", "Prepare", "StartCrawler", "Validate", "Split", "Features", "Train", "Promote", "Infer",
    "Publish", "Monitor", "Meter", "Done",
]  # fmt: skip
RUN_TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, its data (stdout), its story (stderr)."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Engage:
    """The command line for one environment, run in this process, and the platform behind it."""

    home: Path
    env: str
    directory: Path
    _clients: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *words: str) -> Done:
        """Run a command in `directory`; never raises for a command that fails."""
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with (
            contextlib.chdir(self.directory),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                run([*words, "--home", str(self.home), "--env", self.env])
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(bool(end.code))
        return Done(code, out.getvalue(), err.getvalue())

    def ok(self, *words: str) -> Done:
        """Run a command that must succeed."""
        done = self(*words)
        assert done.code == 0, f"engage {' '.join(words)}: {done}"
        return done

    def read(self, *words: str) -> Any:
        """The data of a command that must succeed, from its `--json`."""
        return self.ok(*words, "--json").data

    def configure(self, text: str) -> None:
        """Write engage.toml; empty text removes it."""
        path = self.directory / "engage.toml"
        path.write_text(text) if text else path.unlink(missing_ok=True)

    @property
    def endpoint(self) -> process.Endpoint:
        return process.ensure_started(self.home)

    def client(self, service: str) -> Any:
        """A boto3 client signed in as the account's root."""
        import boto3

        if service not in self._clients:
            self._clients[service] = boto3.client(
                service, endpoint_url=self.endpoint.url, region_name=REGION,
                aws_access_key_id=self.endpoint.access_key, aws_secret_access_key=self.endpoint.secret_key,
            )  # fmt: skip
        return self._clients[service]

    def bucket(self, kind: str) -> str:
        return f"engage-{self.env}-{kind}-{process.ACCOUNT}-{REGION}"

    def keys(self, kind: str, prefix: str = "") -> list[str]:
        pages = self.client("s3").get_paginator("list_objects_v2")
        return [
            item["Key"]
            for page in pages.paginate(Bucket=self.bucket(kind), Prefix=prefix)
            for item in page.get("Contents", [])
        ]

    def object(self, kind: str, key: str) -> bytes:
        body: bytes = self.client("s3").get_object(Bucket=self.bucket(kind), Key=key)["Body"].read()
        return body

    def document(self, key: str) -> Any:
        """A JSON object of the lake bucket."""
        return json.loads(self.object("lake", key))

    def frame(self, kind: str, prefix: str) -> Any:
        """All Parquet files below a prefix as one data frame."""
        import pandas as pd

        files = [key for key in self.keys(kind, prefix) if key.endswith(".parquet")]
        return pd.concat([pd.read_parquet(io.BytesIO(self.object(kind, key))) for key in files])

    def rows(self, sql: str) -> list[dict[str, str]]:
        """The rows of a query on the lake database, through Athena."""
        athena = self.client("athena")
        query = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": f"engage_{self.env}"},
            WorkGroup=f"engage-{self.env}",
        )["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.05)
        assert status["State"] == "SUCCEEDED", status
        found: list[list[str]] = []
        for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=query):
            found += [
                [cell.get("VarCharValue", "") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]
            ]
        return [dict(zip(found[0], row, strict=True)) for row in found[1:]]

    def partition(self, table: str = "predictions") -> str | None:
        """The location of the table's only partition; None when there is none."""
        found = self.client("glue").get_partitions(DatabaseName=f"engage_{self.env}", TableName=table)
        locations = [p["StorageDescriptor"]["Location"].rstrip("/") for p in found["Partitions"]]
        assert len(locations) <= 1, locations
        return locations[0] if locations else None

    def finished(self, run_id: str) -> Any:
        """Wait until a run has ended; `engage runs show` of it."""
        deadline = time.monotonic() + RUN_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            shown = self.read("runs", "show", run_id)
            if shown["status"] != "RUNNING":
                return shown
            time.sleep(0.5)
        raise AssertionError(f"{run_id} has not ended after {RUN_TIMEOUT_SECONDS} s.")


@dataclass(frozen=True)
class FirstRun:
    """What was seen from an empty machine to the first predictions."""

    deployed: Any
    without_data: Done
    generated: Any
    truth_keys: list[str]
    run: Any
    remote_addresses: set[str]
    processes_watched: int

    @property
    def run_id(self) -> str:
        return str(self.run["run_id"])

    @property
    def as_of(self) -> str:
        return str(self.run["output"]["as_of"])


class Watch:
    """Notes every address that the endpoint and its children are connected to, or listen on."""

    def __init__(self, pid: int) -> None:
        self.addresses: set[str] = set()
        self.pids: set[int] = set()
        self._endpoint = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            for one in [self._endpoint, *self._children()]:
                # A task may end between being listed and being looked at.
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    self._note(one)

    def _children(self) -> list[psutil.Process]:
        return self._endpoint.children(recursive=True)

    def _note(self, one: psutil.Process) -> None:
        for connection in one.net_connections(kind="inet"):
            ends = (connection.laddr, connection.raddr)
            self.addresses |= {end.ip for end in ends if end}
        self.pids.add(one.pid)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def first_run(engage: Engage) -> FirstRun:
    """Deploy, try to run without data, generate data, run."""
    deployed = engage.read("deploy")
    without_data = engage("run-pipeline")
    with Watch(engage.endpoint.pid) as watch:
        generated = engage.read("generate-data", "--customers", str(CUSTOMERS), "--seed", str(SEED))
        truth = [key for key in engage.keys("truth") if not key.startswith("ceiling/")]
        # The pipeline must not miss what it may not read.
        engage.client("s3").delete_objects(
            Bucket=engage.bucket("truth"), Delete={"Objects": [{"Key": key} for key in truth]}
        )
        run = engage.read("run-pipeline")
    return FirstRun(deployed, without_data, generated, truth, run, watch.addresses, len(watch.pids))


@contextlib.contextmanager
def stopped_afterwards(home: Path) -> Iterator[None]:
    try:
        yield
    finally:
        process.stop(home)
