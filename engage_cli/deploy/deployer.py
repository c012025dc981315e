"""Assembles a deployment: inputs -> plan -> apply.

The first layer makes the buckets and the image repositories, then code, definitions and images are
uploaded there, then the other layers follow. What has not changed is neither uploaded nor touched.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from engage_cli.aws.objects import ObjectStore
from engage_cli.aws.session import Aws
from engage_cli.aws.stacks import Stack, StackWriter
from engage_cli.bundle.images import ImagePublisher
from engage_cli.config import Settings
from engage_cli.deploy.apply import Applied, Executor
from engage_cli.deploy.inputs import Inputs, build_inputs
from engage_cli.deploy.layers import FIRST_LAYER, stack_prefix
from engage_cli.deploy.plan import Plan, Template, Values, all_templates, make_plan


@dataclass
class Deployment:
    """A deployment that was planned and may be applied."""

    plan: Plan
    inputs: Inputs
    templates: list[Template]
    stacks: dict[str, Stack]
    values: Values = field(default_factory=lambda: Values({}))


class Deployer:
    """Plans and applies the deployment of one environment."""

    def __init__(
        self,
        settings: Settings,
        aws: Aws,
        publisher: Callable[[dict[str, str]], ImagePublisher],
        on_step: Callable[[str, str], None],
    ) -> None:
        self._settings = settings
        self._aws = aws
        self._stacks = StackWriter(aws)
        self._publisher = publisher
        self._on_step = on_step

    def plan(self) -> Deployment:
        """Compare what is here with what is there; changes nothing."""
        templates = all_templates()
        if not self._settings.is_local:
            self._on_step("the functions with their wheels", "bundle")
        inputs = build_inputs(self._settings, self._aws.account_id, templates)
        stacks = self._stacks.all(stack_prefix(self._settings.env))
        values = Values(dict(inputs.parameters))
        plan = make_plan(self._settings.env, templates, stacks, values)
        return Deployment(plan, inputs, templates, stacks, values)

    def apply(self, deployment: Deployment) -> list[Applied]:
        """Carry the plan out. Raises CloudError; what was deployed before the failure stays."""
        executor = Executor(self._settings.env, self._stacks, self._on_step)
        first = [t for t in deployment.templates if t.layer == FIRST_LAYER]
        rest = [t for t in deployment.templates if t.layer != FIRST_LAYER]
        applied = executor.apply(first, deployment.stacks, deployment.values)
        self._upload(deployment)
        return applied + executor.apply(rest, deployment.stacks, deployment.values)

    def _upload(self, deployment: Deployment) -> None:
        outputs = deployment.values.outputs
        store = ObjectStore(self._aws, outputs["ArtifactsBucket"])
        self._on_step("artifacts", "upload")
        for archive in deployment.inputs.zips:
            store.put_if_missing(archive.key, archive.data)
        for key, data in deployment.inputs.definitions.values():
            store.put_if_missing(key, data)
        publisher = self._publisher(outputs)
        for image, reference in deployment.inputs.images:
            if publisher.publish(image, reference):
                self._on_step(f"image {image.name}", "build")
