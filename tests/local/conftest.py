"""One embedded endpoint for the whole test session, on a temporary home; and helpers that build on it."""

import io
import json
import os
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import main_job_support
import pytest
from task_support import finished

from engage_cli.local import process

REGION = "us-east-1"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engage-home")


@pytest.fixture(scope="session")
def endpoint(home: Path) -> Iterator[process.Endpoint]:
    before = os.environ.get("ENGAGE_HOME")
    os.environ["ENGAGE_HOME"] = str(home)
    yield process.ensure_started(home)
    process.stop(home)
    if before is None:
        del os.environ["ENGAGE_HOME"]
    else:
        os.environ["ENGAGE_HOME"] = before


@pytest.fixture(scope="session")
def aws(endpoint: process.Endpoint) -> Callable[..., Any]:
    """`aws("s3")` is a boto3 client signed in as root; `aws("s3", keys)` uses other credentials."""
    import boto3
    from botocore.config import Config

    clients: dict[str, Any] = {}

    def client(service: str, credentials: dict[str, str] | None = None) -> Any:
        keys = credentials or {"AccessKeyId": endpoint.access_key, "SecretAccessKey": endpoint.secret_key}
        if credentials is None and service in clients:
            return clients[service]
        made = boto3.client(
            service,
            endpoint_url=endpoint.url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"max_attempts": 1}, inject_host_prefix=False),
        )
        if credentials is None:
            clients[service] = made
        return made

    return client


@pytest.fixture(scope="session")
def strict(endpoint: process.Endpoint) -> Callable[[str], Any]:
    """Clients that send whatever they are given: the endpoint must refuse it, not botocore."""
    import boto3
    from botocore import handlers
    from botocore.config import Config

    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            found = boto3.client(
                service,
                endpoint_url=endpoint.url,
                region_name=REGION,
                aws_access_key_id=endpoint.access_key,
                aws_secret_access_key=endpoint.secret_key,
                config=Config(
                    retries={"max_attempts": 1}, inject_host_prefix=False, parameter_validation=False
                ),
            )
            found.meta.events.unregister("before-parameter-build.s3", handlers.validate_bucket_name)
            made[service] = found
        return made[service]

    return client


@pytest.fixture
def role(aws: Callable[..., Any]) -> Callable[..., str]:
    """`role("lambda", ("s3:GetObject", "arn"))` makes a role that the service may assume; its ARN."""

    def make(service: str, *allowed: tuple[str | list[str], str]) -> str:
        name = f"role-{uuid4().hex[:8]}"
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": f"{service}.amazonaws.com"},
        }
        iam = aws("iam")
        arn: str = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        statements = [{"Effect": "Allow", "Action": action, "Resource": arn_} for action, arn_ in allowed]
        if statements:
            policy = {"Version": "2012-10-17", "Statement": statements}
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return arn

    return make


@pytest.fixture
def function(aws: Callable[..., Any], role: Callable[..., str]) -> Callable[..., str]:
    """`function("def handler(event, context): ...")` deploys a Lambda function; its name."""

    def make(source: str, *allowed: tuple[str | list[str], str], **options: Any) -> str:
        name = f"fn-{uuid4().hex[:8]}"
        group = f"/engage/test/{name}"
        aws("logs").create_log_group(logGroupName=group)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", textwrap.dedent(source))
        aws("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handler",
            Role=role("lambda", ("logs:PutLogEvents", f"arn:aws:logs:*:*:log-group:{group}:*"), *allowed),
            Code={"ZipFile": archive.getvalue()},
            LoggingConfig={"LogGroup": group},
            **{"Timeout": 10, "MemorySize": 256, **options},
        )
        return name

    return make


@pytest.fixture
def image(endpoint: process.Endpoint) -> Callable[[str], str]:
    """`image(source)` puts an image into the local registry that runs `source`; its reference."""

    def make(source: str) -> str:
        name = f"image-{uuid4().hex[:8]}"
        directory = endpoint.state_dir / "images" / name / "v1"
        (directory / "job").mkdir(parents=True)
        (directory / "job" / "__main__.py").write_text(textwrap.dedent(source))
        (directory / "image.json").write_text(json.dumps({"entrypoint": ["python", "-m", "job"]}))
        return f"{process.ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:v1"

    return make


@pytest.fixture
def task_definition(aws: Callable[..., Any], role: Callable[..., str]) -> Callable[..., str]:
    """`task_definition(image)` registers a Fargate task; its ARN. `allowed` is what its role may do."""

    def make(
        reference: str, *allowed: tuple[str | list[str], str], memory: str = "512", **container: Any
    ) -> str:
        family = f"family-{uuid4().hex[:8]}"
        group = f"/engage/test/{family}"
        aws("logs").create_log_group(logGroupName=group)
        pull = (["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "*")
        log = (["logs:CreateLogStream", "logs:PutLogEvents"], f"arn:aws:logs:*:*:log-group:{group}:*")
        options = {"awslogs-group": group, "awslogs-region": REGION, "awslogs-stream-prefix": "task"}
        arn: str = aws("ecs").register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory=memory,
            executionRoleArn=role("ecs-tasks", pull, log),
            taskRoleArn=role("ecs-tasks", *allowed),
            containerDefinitions=[
                {
                    "name": "main",
                    "image": reference,
                    "logConfiguration": {"logDriver": "awslogs", "options": options},
                    **container,
                }
            ],
        )["taskDefinition"]["taskDefinitionArn"]
        return arn

    return make


@pytest.fixture(scope="session")
def cluster(aws: Callable[..., Any]) -> str:
    aws("ecs").create_cluster(clusterName="tests")
    return "tests"


@pytest.fixture
def run(aws: Callable[..., Any], cluster: str) -> Callable[..., dict[str, Any]]:
    def start(definition: str, *, wait: bool = True, **override: Any) -> dict[str, Any]:
        task = aws("ecs").run_task(
            cluster=cluster,
            taskDefinition=definition,
            launchType="FARGATE",
            overrides={"containerOverrides": [{"name": "main", **override}]},
        )["tasks"][0]
        return finished(aws, task["taskArn"]) if wait else dict(task)

    return start


@pytest.fixture(scope="session")
def main_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of an endpoint of its own: the tests of the main job look at everything in it."""
    home = tmp_path_factory.mktemp("main-job")
    with main_job_support.stopped_afterwards(home):
        yield home


@pytest.fixture(scope="session")
def engage(main_home: Path) -> main_job_support.Engage:
    """The command line for the environment `main`; nothing is deployed by this fixture."""
    directory = main_home / "work-main"
    directory.mkdir()
    return main_job_support.Engage(main_home, "main", directory)


@pytest.fixture(scope="session")
def first(engage: main_job_support.Engage) -> main_job_support.FirstRun:
    """The environment `main` after its first run."""
    return main_job_support.first_run(engage)


@pytest.fixture(scope="session")
def other(main_home: Path) -> main_job_support.Engage:
    """A second environment at the same endpoint, deployed, without data."""
    directory = main_home / "work-other"
    directory.mkdir()
    engage = main_job_support.Engage(main_home, "other", directory)
    engage.ok("deploy")
    return engage
