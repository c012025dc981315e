"""The checks of `engage doctor`: each looks at one thing and says what it found."""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engage_cli.assets import asset_root
from engage_cli.config import Settings
from engage_cli.deploy.layers import LAYERS
from engage_cli.errors import EngageError

if TYPE_CHECKING:
    from engage_cli.cli.context import Context

FREE_DISK_BYTES = 2 * 2**30
"""A run of 100,000 customers leaves a few hundred MB behind; several of them must fit."""

FARGATE_QUOTA = ("fargate", "L-3032A538")
NEEDED_VCPUS = 4


@dataclass(frozen=True)
class CheckResult:
    """One check: its name, whether it is fine, what was found, and the next step if it is not."""

    name: str
    ok: bool
    found: str
    hint: str | None = None


Check = Callable[["Context"], CheckResult]


def checks_for(settings: Settings) -> list[Check]:
    """Return the checks of a target."""
    shared: list[Check] = [_python, _assets, _libraries]
    return shared + (
        [_disk, _endpoint] if settings.is_local else [_credentials, _fargate_quota, _model, _builder]
    )


def _python(_: "Context") -> CheckResult:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    hint = None if ok else "Use Python 3.11 to 3.13."
    return CheckResult("Python", ok, platform.python_version(), hint)


def _assets(_: "Context") -> CheckResult:
    missing = [x for x in LAYERS if not (asset_root() / "infra" / "cloudformation" / f"{x}.yaml").is_file()]
    found = f"{len(LAYERS)} templates" if not missing else f"missing: {', '.join(missing)}"
    return CheckResult("Templates", not missing, found, "Install the program again." if missing else None)


def _libraries(_: "Context") -> CheckResult:
    from importlib.metadata import version

    found = ", ".join(f"{name} {version(name)}" for name in ("boto3", "ministack", "duckdb"))
    return CheckResult("Libraries", True, found)


def _disk(context: "Context") -> CheckResult:
    folder = context.settings.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    ok = free >= FREE_DISK_BYTES
    hint = None if ok else f"Free some space, or set --home to another disk than that of {folder}."
    return CheckResult("Disk", ok, f"{free / 2**30:.1f} GiB free", hint)


def _endpoint(context: "Context") -> CheckResult:
    try:
        account = context.aws.account_id
    except EngageError as exc:
        return CheckResult("Embedded endpoint", False, exc.message, exc.hint or "Read: engage local logs")
    return CheckResult("Embedded endpoint", True, f"{context.aws.endpoint_url}, account {account}")


def _credentials(context: "Context") -> CheckResult:
    try:
        return CheckResult("AWS account", True, f"{context.aws.account_id} in {context.settings.region}")
    except EngageError as exc:
        return CheckResult("AWS account", False, exc.message, exc.hint)


def _fargate_quota(context: "Context") -> CheckResult:
    from engage_cli.aws.errors import translated

    service, code = FARGATE_QUOTA
    try:
        with translated("reading the Fargate quota"):
            quota = context.aws.client("service-quotas").get_service_quota(
                ServiceCode=service, QuotaCode=code
            )
    except EngageError as exc:
        return CheckResult(
            "Fargate quota", False, exc.message, exc.hint or "Allow servicequotas:GetServiceQuota."
        )
    value = float(quota["Quota"]["Value"])
    hint = (
        None if value >= NEEDED_VCPUS else f"Ask for at least {NEEDED_VCPUS} vCPU in Service Quotas ({code})."
    )
    return CheckResult("Fargate quota", value >= NEEDED_VCPUS, f"{value:.0f} vCPU", hint)


def _model(context: "Context") -> CheckResult:
    from engage_cli.aws.errors import translated
    from engage_cli.deploy.plan import load_template

    model_id = context.settings.model_id or load_template("ai").parameters.get("ModelId") or ""
    base = model_id.split(".", 1)[1] if model_id.startswith(("us.", "eu.", "apac.", "global.")) else model_id
    try:
        with translated("reading the model"):
            details = context.aws.client("bedrock").get_foundation_model(modelIdentifier=base)["modelDetails"]
    except EngageError as exc:
        return CheckResult(
            "Model for questions",
            False,
            exc.message,
            exc.hint or "Set model_id in engage.toml to a model that the account may use.",
        )
    status = details.get("modelLifecycle", {}).get("status", "unknown")
    hint = None if status == "ACTIVE" else "Legacy models are closed to new accounts: set another model_id."
    return CheckResult("Model for questions", status == "ACTIVE", f"{model_id}: {status}", hint)


def _builder(_: "Context") -> CheckResult:
    from engage_cli.bundle.images import find_builder

    return CheckResult("Image builder", True, find_builder() or "none here: CodeBuild in the account is used")
