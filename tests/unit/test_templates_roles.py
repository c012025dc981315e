"""The roles: one for each function and task, and no wildcard where an ARN is possible."""

import fnmatch
from pathlib import Path

from infra import policies

ROOT = Path(__file__).parents[2]
STATEMENTS = list(policies.statements())

# Actions that take no resource (AWS service authorization reference): "*" is the only way to allow them.
WITHOUT_RESOURCE = {
    "cloudwatch:ListDashboards",
    "cloudwatch:ListMetrics",
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "glue:GetCrawlerMetrics",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def allowed(action: str) -> dict[str, set[str]]:
    """Resources on which `action` is allowed, by role."""
    found: dict[str, set[str]] = {}
    for statement in STATEMENTS:
        if action in statement.actions:
            found.setdefault(statement.owner, set()).update(statement.resources)
    return found


def test_no_action_is_a_wildcard() -> None:
    assert [(s.owner, a) for s in STATEMENTS for a in s.actions if "*" in a] == []


def test_any_resource_is_allowed_only_for_actions_that_take_none() -> None:
    for statement in STATEMENTS:
        if "*" in statement.resources:
            assert set(statement.actions) <= WITHOUT_RESOURCE, (statement.owner, statement.sid)


def test_no_role_has_a_managed_policy_of_aws() -> None:
    for layer in policies.LAYERS:
        for name, role in policies.resources(layer, "AWS::IAM::Role").items():
            attached = role["Properties"].get("ManagedPolicyArns", [])
            assert attached in ([], [{"Ref": "AthenaQueryPolicyArn"}]), name


def test_each_function_and_task_has_a_role_and_a_log_group_of_its_own() -> None:
    roles, groups = [], []
    for layer in ("functions", "api"):
        for function in policies.resources(layer, "AWS::Lambda::Function").values():
            roles.append(function["Properties"]["Role"]["Fn::GetAtt"][0])
            groups.append(function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"])
    for task in policies.resources("compute", "AWS::ECS::TaskDefinition").values():
        (container,) = task["Properties"]["ContainerDefinitions"]
        roles.append(task["Properties"]["TaskRoleArn"]["Fn::GetAtt"][0])
        groups.append(container["LogConfiguration"]["Options"]["awslogs-group"]["Ref"])
    assert len(roles) == len(set(roles)) == 14
    assert len(groups) == len(set(groups)) == 14


def test_of_the_planted_truth_only_the_ceilings_are_read_and_by_the_training_task_alone() -> None:
    reaching = [
        (s.owner, s.actions, s.resources, s.conditions) for s in STATEMENTS if "Truth" in str(s.resources)
    ]
    bucket = "arn:aws:s3:::${TruthBucket}"
    assert reaching == [
        ("TrainingTaskRole", ("s3:ListBucket",), (bucket,), ("StringLike s3:prefix: ceiling/*",)),
        ("TrainingTaskRole", ("s3:GetObject",), (f"{bucket}/ceiling/*",), ()),
    ]
    truth = policies.resources("storage", "AWS::S3::BucketPolicy")["TruthBucketPolicy"]
    assert "Condition" not in truth
    statements = truth["Properties"]["PolicyDocument"]["Statement"]
    others, objects, verbs = statements[:3]
    assert all(statement["Effect"] == "Deny" for statement in statements[:3])
    assert str(others["Condition"]["ArnNotEquals"]).endswith("-training-task'}}")
    assert "ceiling/*" in str(objects["NotResource"])
    assert verbs["NotAction"] == ["s3:GetObject", "s3:ListBucket"]


def test_personal_data_is_read_by_validation_and_the_crawler_only() -> None:
    contract = "arn:aws:s3:::${RawBucket}/_contract.json"
    readers = {
        owner
        for owner, found in allowed("s3:GetObject").items()
        if any("Raw" in resource and resource != contract for resource in found)
    }
    assert readers == {"ValidateRole", "CrawlerRole"}


def test_only_promotion_may_write_the_champion_pointer() -> None:
    key = "arn:aws:s3:::${LakeBucket}/models/champion.json"
    for action in ("s3:PutObject", "s3:DeleteObject"):
        for owner, found in allowed(action).items():
            reaches = any(fnmatch.fnmatchcase(key, resource) for resource in found)
            assert reaches == (owner == "PromoteRole" and action == "s3:PutObject"), (owner, action)


def test_questions_can_read_published_tables_only() -> None:
    tables = {r for r in allowed("glue:GetTable")["AskRole"] if ":table/" in r}
    assert {table.rsplit("/", 1)[-1] for table in tables} == {"predictions", "qa_sample", "segments"}
    assert "AskRole" not in allowed("glue:CreateTable")
    assert "AskRole" not in allowed("s3:PutObject")


def test_tasks_are_run_in_the_cluster_of_this_installation_only() -> None:
    for statement in STATEMENTS:
        if "ecs:RunTask" in statement.actions:
            assert statement.conditions == ("ArnEquals ecs:cluster: ${ClusterArn}",), statement.owner
        if "iam:PassRole" in statement.actions:
            assert statement.conditions == ("StringEquals iam:PassedToService: ecs-tasks.amazonaws.com",)


def test_the_document_of_the_policies_is_up_to_date() -> None:
    document = (ROOT / "docs" / "security" / "iam_policies.md").read_text(encoding="utf-8")
    assert document == policies.render(), "run: python infra/policies.py > docs/security/iam_policies.md"
