"""Settings of the program: one frozen, typed object, and where each value came from."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from engage_cli.errors import UserError

CONFIG_FILE = "engage.toml"
TARGETS = ("local", "aws")
CONTAINERS = ("process", "docker")
_ENV_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True)
class Settings:
    """What every command needs to know. `sources` names where each value came from."""

    env: str = "dev"
    """Name of the environment; several can live side by side. At most 12 lower-case letters and digits."""
    target: str = "local"
    """`local` (the embedded endpoint) or `aws` (an account, or another endpoint)."""
    region: str = "us-east-1"
    profile: str | None = None
    """AWS profile; only for the target `aws`."""
    endpoint_url: str | None = None
    """Another AWS-compatible endpoint; only for the target `aws`."""
    home: Path = field(default_factory=lambda: Path.home() / ".engage")
    """Where the embedded endpoint keeps its state and bundles are cached."""
    alert_email: str | None = None
    """Receives budget and alarm mails; none are sent without it."""
    budget_usd: int = 25
    """Monthly budget of the whole account, in USD."""
    model_id: str | None = None
    """Bedrock model that answers questions; the template's default without it."""
    ask_model_url: str | None = None
    """An OpenAI-compatible server that answers questions for the target `local`."""
    containers: str = "process"
    """How the embedded endpoint runs tasks: `process` (children of it) or `docker` (images, in an engine)."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Further template parameters, from the table [parameters] of engage.toml."""
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_local(self) -> bool:
        return self.target == "local"


_SETTABLE = [f.name for f in fields(Settings) if f.name not in ("parameters", "sources")]


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """Resolve the settings from `flags`, `ENGAGE_*` variables and `engage.toml` in `directory`.

    Raises UserError that names the source of a value that cannot be used.
    """
    environ = os.environ if environ is None else environ
    path = (directory or Path.cwd()) / CONFIG_FILE
    file_values = _read_file(path)
    parameters = file_values.pop("parameters", {})
    if not isinstance(parameters, dict):
        raise UserError(f"{CONFIG_FILE}: [parameters] must be a table.", hint="Write it as: [parameters]")
    unknown = sorted(set(file_values) - set(_SETTABLE))
    if unknown:
        raise UserError(
            f"{CONFIG_FILE}: unknown setting '{unknown[0]}'.",
            hint=f"Known settings: {', '.join(_SETTABLE)}, and the table [parameters].",
        )
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name in _SETTABLE:
        variable = f"ENGAGE_{name.upper()}"
        if flags and flags.get(name) is not None:
            values[name], sources[name] = flags[name], f"flag --{name.replace('_', '-')}"
        elif environ.get(variable):
            values[name], sources[name] = environ[variable], variable
        elif name in file_values:
            values[name], sources[name] = file_values[name], CONFIG_FILE
        else:
            sources[name] = "default"
    values = {name: _typed(name, value, sources[name]) for name, value in values.items()}
    settings = Settings(**values, parameters={k: str(v) for k, v in parameters.items()}, sources=sources)
    return _checked(settings)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as handle:
            return tomllib.load(handle)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as exc:
        raise UserError(f"{path.name} is not valid TOML: {exc}.", hint="Correct the line named.") from exc
    except OSError as exc:
        raise UserError(
            f"{path.name} cannot be read: {exc.strerror}.", hint="Check its permissions."
        ) from exc


def _typed(name: str, value: Any, source: str) -> Any:
    if name == "home":
        return Path(str(value)).expanduser().absolute()
    if name == "budget_usd":
        try:
            return int(value)
        except ValueError as exc:
            raise UserError(f"{source}: budget_usd must be a whole number, not '{value}'.") from exc
    return str(value)


def _checked(settings: Settings) -> Settings:
    source = settings.sources
    if not _ENV_NAME.fullmatch(settings.env):
        raise UserError(
            f"{source['env']}: '{settings.env}' is not an environment name.",
            hint="Use at most 12 lower-case letters and digits, starting with a letter, for example: dev",
        )
    if settings.target not in TARGETS:
        raise UserError(
            f"{source['target']}: target '{settings.target}' is not known.", hint="Use local or aws."
        )
    if not _REGION.fullmatch(settings.region):
        raise UserError(
            f"{source['region']}: '{settings.region}' is not a Region.", hint="For example: us-east-1"
        )
    if settings.ask_model_url and not settings.ask_model_url.startswith(("http://", "https://")):
        raise UserError(
            f"{source['ask_model_url']}: '{settings.ask_model_url}' is not an address.",
            hint="For example: http://127.0.0.1:8080",
        )
    if settings.containers not in CONTAINERS:
        raise UserError(
            f"{source['containers']}: containers '{settings.containers}' is not known.",
            hint="Use process or docker.",
        )
    if settings.endpoint_url and settings.is_local:
        raise UserError(
            f"{source['endpoint_url']}: an endpoint URL needs the target aws.",
            hint="Add --target aws, or leave the URL out to use the embedded endpoint.",
        )
    return settings
