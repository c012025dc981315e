"""Settings, resolved once: flag > environment > engage.toml > default."""

from engage_cli.config.settings import Settings, load_settings

__all__ = ["Settings", "load_settings"]
