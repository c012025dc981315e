"""The function's settings: environment variables, typed, read when they are needed.

A property that is asked for and whose variable is missing raises `ConfigError` with the variable's
name, so a function only needs the variables that it uses.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from common.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """Typed view of the environment. Pass `environ` in tests."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, name: str) -> str:
        """The variable `name`; raises ConfigError when it is missing or empty."""
        value = self.environ.get(name, "").strip()
        if not value:
            raise ConfigError(
                f"The environment variable {name} is not set.",
                hint="deploy again: the function's template sets it",
            )
        return value

    def optional(self, name: str) -> str | None:
        """The variable `name`, or None when it is missing or empty."""
        return self.environ.get(name, "").strip() or None

    def whole(self, name: str, default: int) -> int:
        """The variable `name` as an integer >= 0; raises ConfigError when it is anything else."""
        value = self.environ.get(name, "").strip()
        if not value:
            return default
        if not value.isdecimal():
            raise ConfigError(f"The environment variable {name} must be a whole number, not '{value}'.")
        return int(value)

    @property
    def env(self) -> str:
        return self.text("ENGAGE_ENV")

    @property
    def raw_bucket(self) -> str:
        return self.text("RAW_BUCKET")

    @property
    def lake_bucket(self) -> str:
        return self.text("LAKE_BUCKET")

    @property
    def raw_database(self) -> str:
        return self.text("RAW_DATABASE")

    @property
    def lake_database(self) -> str:
        return self.text("LAKE_DATABASE")

    @property
    def workgroup(self) -> str:
        return self.text("WORKGROUP")

    @property
    def cache_table(self) -> str:
        return self.text("CACHE_TABLE")

    @property
    def cache_ttl_seconds(self) -> int:
        return self.whole("CACHE_TTL_SECONDS", 3600)

    @property
    def metrics_namespace(self) -> str:
        return self.optional("METRICS_NAMESPACE") or "Engage"
