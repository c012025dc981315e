"""What an environment pays for every month whether the pipeline runs or not."""

from decimal import Decimal
from typing import Any

from metering.records import Client, Scope, Used, not_metered

_GB = Decimal(10**9)
_CLOUDWATCH = "CloudWatch"


def metrics(client: Client, scope: Scope, namespace: str) -> list[Used]:
    """Custom metrics of this environment: each set of dimensions counts as one."""
    names = {
        (m["MetricName"], tuple(sorted((d["Name"], d["Value"]) for d in m["Dimensions"])))
        for page in client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=namespace)
        for m in page["Metrics"]
        if {"Name": "Environment", "Value": scope.env} in m["Dimensions"]
    }
    item = "custom metric (incl. EMF), first 10,000"
    return _count(item, len(names), "metric-month", f"metrics in namespace {namespace}", "ListMetrics")


def alarms(client: Client, scope: Scope) -> list[Used]:
    """Alarms of this environment; an alarm on an expression is billed for every metric that it reads."""
    pages = (
        client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=f"engage-{scope.env}-", AlarmTypes=["MetricAlarm"])
    )
    billed = sum(_metrics_read(alarm) for page in pages for alarm in page["MetricAlarms"])
    return _count(
        "alarm, standard resolution", billed, "alarm-metric-month", "metrics in alarms", "DescribeAlarms"
    )


def _metrics_read(alarm: dict[str, Any]) -> int:
    return max(1, sum("MetricStat" in query for query in alarm.get("Metrics") or []))


def dashboards(client: Client, scope: Scope) -> list[Used]:
    """Dashboards of this environment."""
    pages = (
        client("cloudwatch")
        .get_paginator("list_dashboards")
        .paginate(DashboardNamePrefix=f"engage-{scope.env}")
    )
    entries = [e["DashboardName"] for page in pages for e in page.get("DashboardEntries", [])]
    ours = [n for n in entries if n == f"engage-{scope.env}" or n.startswith(f"engage-{scope.env}-")]
    return _count("dashboard", len(ours), "dashboard-month", "dashboards", "ListDashboards")


def _count(item: str, count: int, unit: str, what: str, call: str) -> list[Used]:
    if not count:
        return []
    return [Used(_CLOUDWATCH, item, Decimal(count), unit, f"{count} {what}", call, per="month")]


def secret(scope: Scope) -> list[Used]:
    """The secret that keeps the API key: part of every deployment, so it needs no look-up."""
    detail, source = f"engage-{scope.env}-api-key", "the api stack of every environment"
    return [Used("Secrets Manager", "secret", Decimal(1), "secret-month", detail, source, per="month")]


def images(client: Client, scope: Scope) -> list[Used]:
    """Bytes of the container images kept in the environment's repositories."""
    item = ("ECR", "private storage", "GB-month")
    names = [
        repository["repositoryName"]
        for page in client("ecr").get_paginator("describe_repositories").paginate()
        for repository in page["repositories"]
        if repository["repositoryName"].startswith((f"engage-{scope.env}-", f"engage-{scope.env}/"))
    ]
    sizes = [
        image.get("imageSizeInBytes", 0)
        for name in names
        for page in client("ecr").get_paginator("describe_images").paginate(repositoryName=name)
        for image in page["imageDetails"]
    ]
    if not sum(sizes):
        return [not_metered(*item, "no image with a size is in the repositories", per="month")]
    detail = f"{len(sizes)} images in {len(names)} repositories"
    return [
        Used(
            *item[:2],
            Decimal(sum(sizes)) / _GB,
            item[2],
            detail,
            "DescribeImages: imageSizeInBytes (layers shared by images are counted for each)",
            per="month",
        )
    ]
