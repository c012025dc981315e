"""Fargate tasks as child processes."""

import json
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError
from task_support import finished, log_lines

from engage_cli.local import fargate
from engage_cli.local.images import ImageNotFoundError, image_directory
from tests.waiting import until

pytestmark = pytest.mark.local


def test_the_exit_code_output_and_environment_are_real(
    aws: Any, endpoint: Any, image: Any, task_definition: Any, run: Any
) -> None:
    definition = task_definition(
        image(
            """
            import json, os, sys
            print(json.dumps(dict(os.environ)))
            print("to stderr", sys.argv[1:], file=sys.stderr)
            sys.exit(3)
            """
        ),
        environment=[{"name": "FIXED", "value": "a"}, {"name": "CHANGED", "value": "a"}],
        command=["default"],
    )
    task = run(definition, command=["one", "two"], environment=[{"name": "CHANGED", "value": "b"}])
    assert task["containers"][0]["exitCode"] == 3
    assert task["stopCode"] == "EssentialContainerExited"
    environment, errors = log_lines(aws, definition)
    seen = json.loads(environment)
    assert (seen["FIXED"], seen["CHANGED"]) == ("a", "b")
    assert errors == "to stderr ['one', 'two']"
    assert seen["AWS_ENDPOINT_URL"] == endpoint.url
    assert seen["AWS_SECRET_ACCESS_KEY"] != endpoint.secret_key
    assert not {"AUTH", "STATE_DIR", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} & set(seen)


def test_a_task_acts_with_its_role_and_no_more(aws: Any, image: Any, task_definition: Any, run: Any) -> None:
    aws("s3").create_bucket(Bucket="task-bucket")
    definition = task_definition(
        image(
            """
            import boto3
            s3 = boto3.client("s3")
            s3.put_object(Bucket="task-bucket", Key="out/a", Body=b"1")
            try:
                s3.put_object(Bucket="task-bucket", Key="other", Body=b"1")
            except Exception as error:
                print(error)
            """
        ),
        ("s3:PutObject", "arn:aws:s3:::task-bucket/out/*"),
    )
    assert run(definition)["containers"][0]["exitCode"] == 0
    (line,) = log_lines(aws, definition)
    assert "assumed-role/role-" in line
    assert "s3:PutObject" in line


def test_a_missing_image_is_named(aws: Any, task_definition: Any, run: Any) -> None:
    reference = "000000000000.dkr.ecr.us-east-1.amazonaws.com/absent:v9"
    task = run(task_definition(reference))
    assert task["stopCode"] == "TaskFailedToStart"
    assert reference in task["stoppedReason"]


def test_an_execution_role_that_may_not_pull_stops_the_task(
    aws: Any, image: Any, role: Any, run: Any
) -> None:
    definition = aws("ecs").register_task_definition(
        family="no-pull",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=role("ecs-tasks"),
        containerDefinitions=[{"name": "main", "image": image("print()")}],
    )["taskDefinition"]["taskDefinitionArn"]
    assert "ecr:GetAuthorizationToken" in run(definition)["stoppedReason"]


def test_a_task_over_its_memory_is_killed(endpoint: Any, image: Any, task_definition: Any, run: Any) -> None:
    definition = task_definition(image("import time\nblock = b'x' * 700_000_000\ntime.sleep(30)"))
    task = run(definition)
    assert task["containers"][0]["exitCode"] == 137
    assert "OutOfMemory" in task["containers"][0]["reason"]
    usage = record(endpoint, task)
    assert usage["oom_killed"]
    assert usage["peak_rss_bytes"] > 512 * 1024 * 1024


def test_stop_ends_the_process_and_what_it_started(
    aws: Any, endpoint: Any, image: Any, task_definition: Any, run: Any
) -> None:
    definition = task_definition(
        image(
            """
            import subprocess, sys, time
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            print(child.pid, flush=True)
            time.sleep(60)
            """
        )
    )
    task = finished(aws, run(definition, wait=False)["taskArn"], "RUNNING")
    (line,) = until(lambda: log_lines(aws, definition))
    aws("ecs").stop_task(cluster="tests", task=task["taskArn"], reason="enough")
    stopped = finished(aws, task["taskArn"])
    assert stopped["stoppedReason"] == "enough"
    assert stopped["containers"][0]["exitCode"] == 143
    until(lambda: not psutil.pid_exists(int(line)) or psutil.Process(int(line)).status() == "zombie")


def test_what_a_task_used_is_recorded(endpoint: Any, image: Any, task_definition: Any, run: Any) -> None:
    program = "import time\nblock = b'x' * 80_000_000\nend = time.time() + .6\nwhile time.time() < end: pass"
    usage = record(endpoint, run(task_definition(image(program))))
    assert usage["exit_code"] == 0
    assert usage["stopped"] - usage["started"] > 0.6
    assert 80_000_000 < usage["peak_rss_bytes"] < 250_000_000
    assert usage["cpu_seconds"] > 0.2
    assert usage["family"].startswith("family-")


def test_fargate_sizes_that_do_not_exist_are_refused(aws: Any) -> None:
    with pytest.raises(ClientError, match="No Fargate configuration"):
        aws("ecs").register_task_definition(
            family="bad",
            requiresCompatibilities=["FARGATE"],
            cpu="4096",
            memory="65536",
            containerDefinitions=[{"name": "main", "image": "x"}],
        )


@pytest.mark.parametrize(
    ("cpu", "memory", "fits"),
    [("256", "512", True), ("256", "4096", False), ("1 vCPU", "2 GB", True), ("4096", "30720", True),
     ("4096", "65536", False), ("8192", "20480", True), ("8192", "21504", False), ("300", "512", False)],
)  # fmt: skip
def test_the_fargate_table(cpu: str, memory: str, fits: bool) -> None:
    definition = {"requiresCompatibilities": ["FARGATE"], "cpu": cpu, "memory": memory}
    assert (fargate.problem(definition) is None) is fits


def test_an_image_reference_cannot_lead_out_of_the_registry(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFoundError):
        image_directory(tmp_path / "images", "0.dkr.ecr.r.amazonaws.com/../../../etc:passwd")


def record(endpoint: Any, task: dict[str, Any]) -> dict[str, Any]:
    path = endpoint.state_dir / "tasks" / f"{task['taskArn'].rsplit('/', 1)[-1]}.json"
    return dict(json.loads(path.read_text()))
