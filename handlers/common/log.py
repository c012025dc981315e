"""JSON logs with the run's id, and CloudWatch metrics in EMF (written as log lines, so no API call).

powertools does both; it is imported here once and configured from the environment. Metrics carry one
dimension, `Environment`: each further dimension value would be another metric to pay for.
"""

from typing import TYPE_CHECKING

from common.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

_loggers: dict[str, "Logger"] = {}


def logger(service: str) -> "Logger":
    """The container's logger of `service` (the handler's name)."""
    if service not in _loggers:
        from aws_lambda_powertools import Logger

        _loggers[service] = Logger(service=service, utc=True, serialize_stacktrace=False)
    return _loggers[service]


def emit_metrics(values: dict[str, float], *, units: dict[str, str] | None = None) -> None:
    """Emits `values` as one EMF line; units by metric name (default "None", e.g. "Milliseconds", "Count").

    Metrics that are None or NaN must be left out by the caller: an unknown quality is not a zero.
    """
    if not values:
        return
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    settings = Settings()
    metrics = EphemeralMetrics(namespace=settings.metrics_namespace)
    metrics.add_dimension(name="Environment", value=settings.env)
    for name, value in values.items():
        unit = (units or {}).get(name)
        metrics.add_metric(
            name=name, unit=MetricUnit[unit] if unit else MetricUnit.NoUnit, value=float(value)
        )
    metrics.flush_metrics()
