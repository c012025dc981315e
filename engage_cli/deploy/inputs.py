"""What the templates are given: code, state machine definitions, images and settings."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engage_cli.assets import templates_dir
from engage_cli.bundle.images import IMAGES, Image, load_image
from engage_cli.bundle.zips import Zip, build_zip, handler_names
from engage_cli.config import Settings
from engage_cli.deploy.plan import Template
from engage_cli.errors import UserError

DEFINITIONS = ("pipeline", "bulk")

LOCAL_PARAMETERS = {
    # The crawler of the embedded endpoint takes well under a second; Glue takes a minute or more.
    "CrawlerPollSeconds": "1",
    # The embedded endpoint speaks plain HTTP, on the loopback interface only.
    "RequireTls": "false",
}


@dataclass(frozen=True)
class Inputs:
    """Everything that a deployment uploads, and the parameters that name it."""

    zips: tuple[Zip, ...]
    definitions: dict[str, tuple[str, bytes]]
    """Name -> (key in the artifacts bucket, bytes)."""
    images: tuple[tuple[Image, str], ...]
    """Image and its reference."""
    parameters: dict[str, str]


def build_inputs(settings: Settings, account_id: str, templates: Iterable[Template]) -> Inputs:
    """Build the zips and name the rest; uploads nothing.

    Raises UserError when engage.toml sets a parameter that no template has.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        zips = tuple(
            pool.map(
                lambda name: build_zip(
                    name, with_wheels=not settings.is_local, cache=settings.home / "cache"
                ),
                handler_names(),
            )
        )
    definitions = {name: _definition(name) for name in DEFINITIONS}
    registry = f"{account_id}.dkr.ecr.{settings.region}.amazonaws.com"
    images = tuple(
        (image, image.reference(f"{registry}/engage-{settings.env}-{image.name}"))
        for image in map(load_image, IMAGES)
    )
    parameters = {"Environment": settings.env, "BudgetLimit": str(settings.budget_usd)}
    if settings.alert_email:
        parameters["AlertEmail"] = settings.alert_email
    if settings.model_id:
        parameters["ModelId"] = settings.model_id
    if settings.is_local:
        parameters |= LOCAL_PARAMETERS
    parameters |= {f"{_camel(z.handler)}CodeKey": z.key for z in zips}
    parameters |= {f"{_camel(name)}DefinitionKey": key for name, (key, _) in definitions.items()}
    parameters |= {f"{_camel(image.name)}Image": reference for image, reference in images}
    parameters |= _user_parameters(settings, templates)
    return Inputs(zips, definitions, images, parameters)


def _definition(name: str) -> tuple[str, bytes]:
    data = (templates_dir() / f"{name}.asl.json").read_bytes()
    return f"definitions/{name}-{hashlib.sha256(data).hexdigest()[:16]}.json", data


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _user_parameters(settings: Settings, templates: Iterable[Template]) -> dict[str, str]:
    declared = {name for template in templates for name in template.parameters}
    unknown = sorted(set(settings.parameters) - declared)
    if unknown:
        raise UserError(
            f"engage.toml: no template has the parameter {unknown[0]}.",
            hint=f"Known parameters: {', '.join(sorted(declared))}.",
        )
    return dict(settings.parameters)
