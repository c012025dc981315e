"""The main job: deploying, settings, schedule, logs, and the endpoint as other tools see it."""

from pathlib import Path
from typing import Any

import pytest
from main_job_support import STATES, Engage, FirstRun

from engage_cli.deploy.layers import LAYERS

pytestmark = pytest.mark.local


def stacks(engage: Engage) -> dict[str, dict[str, Any]]:
    found = engage.client("cloudformation").describe_stacks()["Stacks"]
    prefix = f"engage-{engage.env}-"
    return {s["StackName"].removeprefix(prefix): s for s in found if s["StackName"].startswith(prefix)}


def test_deploy_creates_the_nine_stacks(engage: Engage, first: FirstRun) -> None:
    assert first.deployed["changed"] == list(LAYERS)
    assert len(LAYERS) == 9
    found = stacks(engage)
    assert set(found) == set(LAYERS)
    assert all(stack["StackStatus"].endswith("_COMPLETE") for stack in found.values())


def test_deploying_again_changes_nothing_and_says_so(engage: Engage, first: FirstRun) -> None:
    before = stacks(engage)
    assert "No change: 9 stacks of 'main' are up to date." in engage.ok("deploy").out
    again = engage.read("deploy")
    assert again["changed"] == []
    assert stacks(engage) == before
    assert {row["action"] for row in engage.read("deploy", "--plan")} == {"keep"}


def test_a_changed_parameter_touches_its_stack_only(engage: Engage, first: FirstRun) -> None:
    before = stacks(engage)
    try:
        engage.configure('[parameters]\nCacheTtlSeconds = "1"\n')
        plan = {row["layer"]: row for row in engage.read("deploy", "--plan")}
        assert [layer for layer, row in plan.items() if row["action"] != "keep"] == ["api"]
        assert plan["api"]["reason"] == "parameters changed: CacheTtlSeconds"
        assert stacks(engage) == before, "planning changed something"

        assert engage.read("deploy")["changed"] == ["api"]
        after = stacks(engage)
        assert [layer for layer in LAYERS if after[layer] != before[layer]] == ["api"]
        function = engage.client("lambda").get_function_configuration(FunctionName="engage-main-predict")
        assert function["Environment"]["Variables"]["CACHE_TTL_SECONDS"] == "1"
        assert after["api"]["Outputs"] == before["api"]["Outputs"], "the API and its key moved"
        assert engage.read("predict", "C00000001")["predictions"]
    finally:
        engage.configure("")
        assert engage.read("deploy")["changed"] == ["api"]


def test_a_parameter_that_no_template_has_is_refused(engage: Engage, first: FirstRun) -> None:
    try:
        engage.configure('[parameters]\nCacheTtl = "1"\n')
        refused = engage("deploy")
    finally:
        engage.configure("")
    assert refused.code == 2
    assert "no template has the parameter CacheTtl" in refused.err
    assert "CacheTtlSeconds" in refused.err


def test_the_schedule_is_off_at_first_and_keeps_its_value_over_a_deployment(
    engage: Engage, first: FirstRun
) -> None:
    initial = engage.read("schedule", "show")
    assert initial["state"] == "DISABLED"
    try:
        engage.ok("schedule", "set", "cron(0 5 ? * TUE *)")
        engage.ok("schedule", "on")
        assert engage.read("deploy")["changed"] == []
        engage.configure('[parameters]\nCacheTtlSeconds = "900"\n')
        engage.ok("deploy")
        kept = engage.read("schedule", "show")
        assert (kept["expression"], kept["state"]) == ("cron(0 5 ? * TUE *)", "ENABLED")
        engage.ok("schedule", "off")
        assert engage.read("schedule", "show")["state"] == "DISABLED"
    finally:
        engage.configure("")
        engage.ok("schedule", "set", initial["expression"])
        engage.ok("schedule", "off")
        engage.ok("deploy")
    assert engage.read("schedule", "show") == initial


def test_a_schedule_that_is_none_is_refused(engage: Engage, first: FirstRun) -> None:
    refused = engage("schedule", "set", "every monday")
    assert refused.code == 2
    assert "Next: " in refused.err


def test_runs_are_listed_newest_first_and_shown_with_their_states(engage: Engage, first: FirstRun) -> None:
    listed = engage.read("runs")
    assert [row["started"] for row in listed] == sorted((row["started"] for row in listed), reverse=True)
    mine = next(row for row in listed if row["run_id"] == first.run_id)
    assert mine["status"] == "SUCCEEDED"
    assert mine["seconds"] == pytest.approx(first.run["seconds"], abs=0.01)
    shown = engage.read("runs", "show", first.run_id)
    assert [state["name"] for state in shown["states"]] == STATES
    assert first.run_id in engage.ok("runs", "show", first.run_id).out
    unknown = engage("runs", "show", "run-nothing")
    assert unknown.code == 2
    assert "There is no run 'run-nothing'" in unknown.err


def test_logs_can_be_read_by_component_run_and_level(engage: Engage, first: FirstRun) -> None:
    lines = engage.read("logs", "--component", "split", "--run", first.run_id)
    assert lines
    assert {line["component"] for line in lines} == {"split"}
    assert all(first.run_id in line["message"] for line in lines)
    assert engage.read("logs", "--component", "training", "--run", first.run_id), "a Fargate task logs too"
    assert engage.read("logs", "--component", "split", "--run", first.run_id, "--level", "ERROR") == []
    unknown = engage("logs", "--component", "splitter")
    assert unknown.code == 2
    assert "split" in unknown.err


def test_status_shows_where_each_setting_came_from(
    engage: Engage, first: FirstRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGAGE_ALERT_EMAIL", "ops@example.com")
    try:
        engage.configure("budget_usd = 40\n")
        status = engage.read("status")
    finally:
        engage.configure("")
    sources = {one["name"]: (one["value"], one["source"]) for one in status["settings"]}
    assert sources["env"] == ("main", "flag --env")
    assert sources["alert_email"] == ("ops@example.com", "ENGAGE_ALERT_EMAIL")
    assert sources["budget_usd"] == ("40", "engage.toml")
    assert sources["region"] == ("us-east-1", "default")
    assert [one["layer"] for one in status["stacks"]] == list(LAYERS)
    assert status["champion"]["model_version"].startswith("m-")
    assert status["latest_run"]["run_id"].startswith("run-")


def test_local_status_names_the_state_directory(engage: Engage, first: FirstRun, main_home: Path) -> None:
    status = engage.read("local", "status")
    assert status["running"]
    assert Path(status["state_dir"]) == main_home / "local"
    assert (main_home / "local" / "s3").is_dir()
    assert status["state_dir"] in engage.ok("local", "status").out


def test_other_tools_work_with_the_credentials_file(
    engage: Engage, first: FirstRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    status = engage.read("local", "status")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", status["credentials_file"])
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    session = boto3.Session(region_name="us-east-1")
    buckets = session.client("s3", endpoint_url=status["url"]).list_buckets()["Buckets"]
    assert engage.bucket("lake") in {bucket["Name"] for bucket in buckets}
    assert session.client("sts", endpoint_url=status["url"]).get_caller_identity()["Account"] == "0" * 12
    assert Path(status["credentials_file"]).stat().st_mode & 0o077 == 0
