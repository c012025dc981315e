"""The composition root: settings, session, ports, console.

The only place that knows which of the two targets is meant, other than the packager: it picks the
endpoint and the credentials, and after that the same calls are made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engage_cli.config import Settings
from engage_cli.deploy.layers import stack_prefix
from engage_cli.errors import UserError
from engage_cli.ui import Ui

if TYPE_CHECKING:
    from engage_cli.aws.http import Api
    from engage_cli.aws.models import ModelReader, ModelWriter
    from engage_cli.aws.objects import ObjectReader, ObjectStore
    from engage_cli.aws.query import QueryRunner
    from engage_cli.aws.runs import RunReader, RunStarter
    from engage_cli.aws.session import Aws
    from engage_cli.aws.traces import TraceReader
    from engage_cli.bundle.images import ImagePublisher
    from engage_cli.deploy.deployer import Deployer
    from engage_cli.deploy.destroy import Remover


@dataclass
class Context:
    """What a command may ask for. Everything is made when it is first needed."""

    settings: Settings
    ui: Ui
    debug: bool = False

    @cached_property
    def aws(self) -> "Aws":
        """The connection; the embedded endpoint is started when the target needs it."""
        from engage_cli.aws.session import connect

        if not self.settings.is_local:
            return connect(
                region=self.settings.region,
                endpoint_url=self.settings.endpoint_url,
                profile=self.settings.profile,
            )
        from engage_cli.local.process import ensure_started, find_running

        if find_running(self.settings.home) is None:
            self.ui.say("Starting the embedded AWS endpoint ...")
        endpoint = ensure_started(
            self.settings.home,
            ask_model_url=self.settings.ask_model_url,
            containers=self.settings.containers,
        )
        if endpoint.containers != self.settings.containers:
            self.ui.warn(
                f"The endpoint runs with --containers {endpoint.containers}; to end it: engage local stop"
            )
        if self.settings.ask_model_url and endpoint.ask_model_url != self.settings.ask_model_url:
            self.ui.warn("The endpoint runs without the ask_model_url set now; to use it: engage local stop")
        return connect(
            region=self.settings.region,
            endpoint_url=endpoint.url,
            access_key=endpoint.access_key,
            secret_key=endpoint.secret_key,
        )

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of all stacks. Raises UserError when the environment is not deployed."""
        from engage_cli.aws.stacks import StackReader

        stacks = StackReader(self.aws).all(stack_prefix(self.settings.env))
        merged: dict[str, str] = {}
        for stack in stacks.values():
            merged |= stack.outputs
        if not merged:
            raise UserError(
                f"The environment '{self.settings.env}' is not deployed.", hint="Run: engage deploy"
            )
        return merged

    def output(self, name: str) -> str:
        """One output. Raises UserError when the stack that has it is missing."""
        if name not in self.outputs:
            raise UserError(
                f"The environment '{self.settings.env}' is only partly deployed: {name} is missing.",
                hint="Run: engage deploy",
            )
        return self.outputs[name]

    def reader(self, bucket: str) -> "ObjectReader":
        """Read access to a bucket, named by its output (RawBucket, LakeBucket, ...)."""
        from engage_cli.aws.objects import ObjectReader

        return ObjectReader(self.aws, self.output(bucket))

    def store(self, bucket: str) -> "ObjectStore":
        from engage_cli.aws.objects import ObjectStore

        return ObjectStore(self.aws, self.output(bucket))

    def models(self) -> "ModelReader":
        from engage_cli.aws.models import ModelReader

        return ModelReader(self.reader("LakeBucket"))

    def model_writer(self) -> "ModelWriter":
        from engage_cli.aws.models import ModelWriter

        return ModelWriter(self.store("LakeBucket"))

    def runs(self) -> "RunReader":
        from engage_cli.aws.runs import RunReader

        return RunReader(self.aws, self.output("PipelineArn"))

    def starter(self) -> "RunStarter":
        from engage_cli.aws.runs import RunStarter

        return RunStarter(self.aws, self.output("PipelineArn"))

    def traces(self) -> "TraceReader":
        from engage_cli.aws.traces import TraceReader

        return TraceReader(self.aws)

    def query(self) -> "QueryRunner":
        from engage_cli.aws.query import QueryRunner

        return QueryRunner(self.aws, self.output("AthenaWorkgroup"), self.output("LakeDatabase"))

    @cached_property
    def api(self) -> "Api":
        """The REST API with its key from Secrets Manager."""
        from engage_cli.aws.errors import translated
        from engage_cli.aws.http import Api

        with translated("reading the API key"):
            secret = self.aws.client("secretsmanager").get_secret_value(
                SecretId=self.output("ApiKeySecretName")
            )
        return Api(self._api_url(), secret["SecretString"])

    def _api_url(self) -> str:
        api_id, stage = self.output("ApiId"), self.output("ApiStage")
        if self.aws.endpoint_url:
            return f"{self.aws.endpoint_url}/restapis/{api_id}/{stage}/_user_request_"
        return f"https://{api_id}.execute-api.{self.settings.region}.amazonaws.com/{stage}"

    def deployer(self, on_step: Callable[[str, str], None]) -> "Deployer":
        from engage_cli.deploy.deployer import Deployer

        return Deployer(self.settings, self.aws, self._publisher, on_step)

    def remover(self, on_step: Callable[[str], None]) -> "Remover":
        from engage_cli.deploy.destroy import Remover

        return Remover(self.settings.env, self.aws, on_step)

    def _publisher(self, outputs: dict[str, str]) -> "ImagePublisher":
        from engage_cli.bundle import images

        if self.settings.is_local:
            from engage_cli.local.process import find_running

            endpoint = find_running(self.settings.home)
            if endpoint is not None and endpoint.containers == "docker":
                from engage_cli.assets import asset_root
                from engage_cli.local import docker_tasks

                return docker_tasks.EnginePublisher(docker_tasks.connect(), asset_root() / "containers")
            return images.DirectoryPublisher(self.settings.home / "local" / "images")
        builder = images.find_builder()
        if builder:
            return images.BuilderPublisher(self.aws.client("ecr"), builder)
        import time

        return images.CodeBuildPublisher(
            self.aws.client("codebuild"),
            self.aws.client("ecr"),
            self._uploader(outputs),
            outputs["ImageBuildProject"],
            time.sleep,
        )

    def _uploader(self, outputs: dict[str, str]) -> Callable[[str, bytes], str]:
        from engage_cli.aws.objects import ObjectStore

        store = ObjectStore(self.aws, outputs["ArtifactsBucket"])

        def upload(key: str, data: bytes) -> str:
            store.put_if_missing(key, data)
            return f"{store.bucket}/{key}"

        return upload

    def emit(self, data: Any, render: Callable[[], None]) -> None:
        """Print data as JSON for programs, or let `render` print it for people."""
        if self.ui.json_mode:
            self.ui.json(data)
        else:
            render()
