"""How Fargate tasks end other than by themselves: stopped, interrupted, over their disk, orphaned."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from botocore.exceptions import ClientError
from task_support import describe, finished, log_lines
from typer.testing import CliRunner

from engage_cli.cli.main import app
from engage_cli.local import children, process
from engage_cli.local.containers import LocalClient, TaskFacts
from engage_cli.local.task_limits import Cores, Limits
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.local

STUBBORN = """
    import signal, time
    signal.signal(signal.SIGTERM, lambda *_: print("asked to end", flush=True))
    print("ready", flush=True)
    end = time.time() + 60
    while time.time() < end: time.sleep(.05)
    """
SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(60)"


@pytest.fixture(scope="module", autouse=True)
def providers(aws: Any, cluster: str) -> None:
    aws("ecs").put_cluster_capacity_providers(
        cluster=cluster, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )


@pytest.fixture
def spot(aws: Any, cluster: str) -> Callable[[str], str]:
    """Start a task on Spot and wait until its program has said something; its ARN."""

    def start(definition: str) -> str:
        arn: str = aws("ecs").run_task(
            cluster=cluster,
            taskDefinition=definition,
            capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        )["tasks"][0]["taskArn"]
        until(lambda: log_lines(aws, definition))
        return arn

    return start


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def engage(endpoint: Any, *arguments: str) -> Any:
    home = str(endpoint.state_dir.parent)
    return CliRunner().invoke(app, ["--home", home, "local", *arguments], standalone_mode=False)


def test_a_stopped_task_answers_at_once_and_is_killed_after_its_stop_timeout(
    aws: Any, image: Any, task_definition: Any, run: Any
) -> None:
    definition = task_definition(image(STUBBORN), stopTimeout=1)
    arn = run(definition, wait=False)["taskArn"]
    until(lambda: log_lines(aws, definition))
    began = time.monotonic()
    answer = aws("ecs").stop_task(cluster="tests", task=arn, reason="enough")["task"]
    # At once: while it still runs.
    assert (answer["desiredStatus"], answer["lastStatus"]) == ("STOPPED", "RUNNING")
    assert "exitCode" not in answer["containers"][0]
    task = finished(aws, arn)
    assert time.monotonic() - began > 0.9
    assert task["containers"][0]["exitCode"] == 137
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert log_lines(aws, definition) == ["ready", "asked to end"]
    assert task["createdAt"] <= task["pullStartedAt"] <= task["startedAt"] < task["stoppedAt"]


def test_a_spot_task_can_be_interrupted(
    aws: Any, endpoint: Any, image: Any, task_definition: Any, spot: Any
) -> None:
    arn = spot(task_definition(image(SLEEPER)))
    done = engage(endpoint, "interrupt-spot", arn.rsplit("/", 1)[-1])
    assert arn.rsplit("/", 1)[-1] in done.output
    task = finished(aws, arn)
    assert (task["stopCode"], task["stoppedReason"]) == (
        "SpotInterruption",
        "Your Spot Task was interrupted.",
    )
    assert task["containers"][0]["exitCode"] == 143
    assert task["capacityProviderName"] == "FARGATE_SPOT"


def test_only_running_spot_tasks_can_be_interrupted(
    aws: Any, endpoint: Any, image: Any, task_definition: Any, run: Any
) -> None:
    arn = run(task_definition(image(SLEEPER)), wait=False)["taskArn"]
    finished(aws, arn, "RUNNING")
    for arguments in ([], [arn.rsplit("/", 1)[-1]], ["none"]):
        done = engage(endpoint, "interrupt-spot", *arguments)
        assert "runs on FARGATE_SPOT" in str(done.exception)
        assert done.exception.exit_code == 2
    assert describe(aws, arn)["lastStatus"] == "RUNNING"
    aws("ecs").stop_task(cluster="tests", task=arn)


def test_a_cluster_without_spot_refuses_it(aws: Any, image: Any, task_definition: Any) -> None:
    aws("ecs").create_cluster(clusterName="no-spot")
    with pytest.raises(ClientError, match="not associated with the cluster"):
        aws("ecs").run_task(
            cluster="no-spot",
            taskDefinition=task_definition(image(SLEEPER)),
            capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        )


def test_interrupting_needs_the_admin_secret(endpoint: Any) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port)
    connection.request("POST", "/_engage/interrupt-spot", "{}")
    assert connection.getresponse().status == 403


def test_a_retry_survives_a_provoked_interruption(
    aws: Any, endpoint: Any, image: Any, task_definition: Any, role: Any, cluster: str
) -> None:
    aws("s3").create_bucket(Bucket="spot-bucket")
    program = """
        import boto3, time
        s3 = boto3.client("s3")
        if s3.list_objects_v2(Bucket="spot-bucket").get("KeyCount"):
            raise SystemExit(0)
        s3.put_object(Bucket="spot-bucket", Key="first", Body=b"1")
        time.sleep(60)
        """
    bucket = "arn:aws:s3:::spot-bucket"
    definition = task_definition(image(program), ("s3:ListBucket", bucket), ("s3:PutObject", bucket + "/*"))
    task_state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {
            "Cluster": cluster,
            "TaskDefinition": definition,
            "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}],
        },
        "Retry": [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "End": True,
    }
    arn = aws("stepfunctions").create_state_machine(
        name=f"spot-{uuid4().hex[:6]}",
        definition=json.dumps({"StartAt": "Run", "States": {"Run": task_state}}),
        roleArn=role("states", (["ecs:*", "iam:PassRole", "events:*"], "*")),
    )["stateMachineArn"]
    execution = aws("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]
    until(lambda: aws("s3").list_objects_v2(Bucket="spot-bucket").get("KeyCount"))
    (interrupted,) = process.interrupt_spot(endpoint.state_dir.parent)

    def ended() -> Any:
        found = aws("stepfunctions").describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    done = until(ended)
    assert done["status"] == "SUCCEEDED", done
    assert json.loads(done["output"])["TaskArn"].rsplit("/", 1)[-1] != interrupted
    events = aws("stepfunctions").get_execution_history(executionArn=execution)["events"]
    (failure,) = [
        e["taskFailedEventDetails"]
        for e in events
        if e["type"] == "TaskFailed" and "taskFailedEventDetails" in e
    ]
    cause = json.loads(failure["cause"])
    assert failure["error"] == "States.TaskFailed"
    assert cause["TaskArn"].endswith(interrupted)
    assert (cause["StopCode"], cause["DesiredStatus"]) == ("SpotInterruption", "STOPPED")
    assert cause["StoppedReason"] == "Your Spot Task was interrupted."


@pytest.fixture
def client(tmp_path: Path) -> Iterator[LocalClient]:
    """A container client without an endpoint, with one image `i:v1` that runs `tmp_path/program.py`."""
    for name in ("images/i/v1", "tasks", "scratch"):
        (tmp_path / name).mkdir(parents=True)
    entry = {"entrypoint": ["python", str(tmp_path / "program.py")]}
    (tmp_path / "images/i/v1/image.json").write_text(json.dumps(entry))
    folders = (tmp_path / "images", tmp_path / "tasks", tmp_path / "scratch")
    client = LocalClient(*folders, "http://127.0.0.1:1", "us-east-1", lambda *_: None)
    yield client
    client.shutdown()


def start(client: LocalClient, folder: Path, program: str, limits: Limits) -> Any:
    (folder / "program.py").write_text(program)
    facts = TaskFacts(f"arn:aws:ecs:r:a:task/c/{uuid4().hex}", "family", "main", limits)
    return client.containers.run("i:v1", environment={}, facts=facts)


def test_a_task_that_fills_its_ephemeral_storage_is_ended(client: LocalClient, tmp_path: Path) -> None:
    program = (
        "import os, time\nopen(os.environ['TMPDIR'] + '/f', 'wb').write(b'x' * 3_000_000)\ntime.sleep(30)"
    )
    container = start(client, tmp_path, program, Limits(disk_bytes=1_000_000))
    assert container.wait(PATIENCE_SECONDS) == {"StatusCode": 137}
    assert "No space left on device" in container.reason
    assert list((tmp_path / "scratch").iterdir()) == []


def test_every_task_has_a_directory_of_its_own_that_goes_with_it(client: LocalClient, tmp_path: Path) -> None:
    program = (
        "import os, tempfile\nhome = os.environ['HOME']\nprint(home, tempfile.gettempdir(), os.listdir(home))"
    )
    seen = set()
    for _ in range(2):
        container = start(client, tmp_path, program, Limits())
        assert container.wait(PATIENCE_SECONDS) == {"StatusCode": 0}
        home, temporary, content = container.logs().decode().split()
        assert (home, content) == (temporary, "[]")
        seen.add(home)
    assert len(seen) == 2
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no processor affinity on this system")
@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: [0])(0)) < 2, reason="one processor")
def test_a_task_is_held_to_its_vcpus(client: LocalClient, tmp_path: Path) -> None:
    program = "import os\nprint(len(os.sched_getaffinity(0)))"
    for vcpus, cores in ((0.25, 1), (1, 1), (0, len(os.sched_getaffinity(0)))):
        container = start(client, tmp_path, program, Limits(vcpus=vcpus))
        container.wait(PATIENCE_SECONDS)
        assert int(container.logs()) == cores


def test_tasks_get_the_processors_that_fewest_tasks_have() -> None:
    cores = Cores([0, 1, 2, 3])
    first, second = cores.take(1.5), cores.take(2)
    assert (first, second) == ((0, 1), (2, 3))
    cores.give_back(first)
    assert cores.take(1) == (0,)
    assert cores.take(4) == (), "all that there are is no limit"
    assert Cores([]).take(1) == ()


CONNECT = """
    import socket, subprocess, sys
    for call in (
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
        lambda: socket.getaddrinfo("example.com", 80),
        lambda: socket.gethostbyname("example.com"),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
    ):
        try:
            call()
            print("connected")
        except PermissionError as error:
            print(error)
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    print(done.stderr.splitlines()[-1])
    import boto3
    print(boto3.client("sts").get_caller_identity()["Account"])
    """


def test_a_task_and_its_programs_connect_to_this_machine_only(
    aws: Any, image: Any, task_definition: Any, run: Any
) -> None:
    definition = task_definition(image(CONNECT), environment=[{"name": "PYTHONPATH", "value": "/mine"}])
    assert run(definition)["containers"][0]["exitCode"] == 0
    *refusals, account = log_lines(aws, definition)
    assert len(refusals) == 5
    assert all("does not connect to" in line for line in refusals), refusals
    assert account == process.ACCOUNT


def test_programs_that_a_function_starts_connect_to_this_machine_only(aws: Any, function: Any) -> None:
    name = function(
        """
        import subprocess, sys
        def handler(event, context):
            code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
            return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
        """
    )
    answer = json.loads(aws("lambda").invoke(FunctionName=name)["Payload"].read())
    assert "does not connect to 192.0.2.1" in answer


FAMILY = """
    import os, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(os.getpid(), child.pid, flush=True)
    time.sleep(60)
    """


def test_a_task_that_outlives_a_killed_endpoint_is_ended_with_all_it_started(tmp_path: Path) -> None:
    home = tmp_path / "home"
    endpoint = process.ensure_started(home)
    try:
        arn = start_family(endpoint)
        ecs, logs = boto(endpoint, "ecs"), boto(endpoint, "logs")
        pids = until(lambda: family_of(logs))
        assert all(alive(pid) for pid in pids)
        until(lambda: ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"][0]["lastStatus"] == "RUNNING")
        os.kill(endpoint.pid, signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in pids))
        again = process.ensure_started(home)
        found = boto(again, "ecs").describe_tasks(cluster="c", tasks=[arn])["tasks"]
        assert [(t["lastStatus"], t["stopCode"]) for t in found] == [("STOPPED", "TerminationNotice")]
        assert found[0]["stoppedAt"]
    finally:
        process.stop(home)


def boto(endpoint: Any, service: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": endpoint.access_key, "aws_secret_access_key": endpoint.secret_key}
    return boto3.client(service, endpoint_url=endpoint.url, region_name="us-east-1", **keys)


def start_family(endpoint: Any) -> str:
    import textwrap

    directory = endpoint.state_dir / "images" / "family" / "v1"
    (directory / "job").mkdir(parents=True)
    (directory / "job" / "__main__.py").write_text(textwrap.dedent(FAMILY))
    (directory / "image.json").write_text(json.dumps({"entrypoint": ["python", "-m", "job"]}))
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    }
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam, ecs = boto(endpoint, "iam"), boto(endpoint, "ecs")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps({"Statement": [allow]}))
    boto(endpoint, "logs").create_log_group(logGroupName="family")
    ecs.create_cluster(clusterName="c")
    log = {"awslogs-group": "family", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "t"}
    container = {"name": "main", "image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/family:v1"}
    ecs.register_task_definition(
        family="family",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=arn,
        taskRoleArn=arn,
        containerDefinitions=[{**container, "logConfiguration": {"logDriver": "awslogs", "options": log}}],
    )
    task = ecs.run_task(cluster="c", taskDefinition="family", launchType="FARGATE")["tasks"][0]
    return str(task["taskArn"])


def family_of(logs: Any) -> list[int]:
    events = logs.filter_log_events(logGroupName="family")["events"]
    return [int(pid) for event in events for pid in event["message"].split()]


def test_the_reaper_ends_whom_its_parent_left_behind(tmp_path: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    gone = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    reaper = [sys.executable, "-I", "-S", str(Path(children.__file__).with_name("reaper.py"))]
    lines = f"+{sleeper.pid}\n+{gone.pid}\n-{gone.pid}\n"
    subprocess.run(reaper, input=lines, text=True, check=True, timeout=60)
    assert sleeper.wait(60) == -signal.SIGKILL
    assert gone.wait(5) == 0
