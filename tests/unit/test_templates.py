"""All templates: clean, small enough to send inline, documented, joined by outputs of the same name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra import policies

# Given by the deployer: names of what it uploaded between the storage layer and the rest.
UPLOADED = {"TrainingImage", "InferenceImage", "PipelineDefinitionKey", "BulkDefinitionKey"}
# Memory in MiB by CPU units: least, most, step. AWS: "Amazon ECS task sizes on Fargate".
FARGATE = {"1024": (2048, 8192, 1024), "2048": (4096, 16384, 1024), "4096": (8192, 30720, 1024)} | {
    "8192": (16384, 61440, 4096),
    "16384": (32768, 122880, 8192),
}
KEEPS_DATA = (
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::Logs::LogGroup",
    "AWS::ECR::Repository",
    "AWS::SecretsManager::Secret",
    "AWS::S3Vectors::VectorBucket",
    "AWS::S3Vectors::Index",
)


def files() -> list[Path]:
    return [policies.TEMPLATES / f"{layer}.yaml" for layer in policies.LAYERS]


def test_every_template_is_a_layer() -> None:
    assert sorted(policies.TEMPLATES.glob("*.yaml")) == sorted(files())


def test_cfn_lint_finds_nothing_with_every_level_on() -> None:
    lint = [sys.executable, "-c", "import sys, cfnlint.runner; sys.exit(cfnlint.runner.main())"]
    command = [*lint, "-r", "us-east-1", "-c", "I", "-t", *map(str, files())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("layer", policies.LAYERS)
def test_a_template_can_be_sent_inline(layer: str) -> None:
    assert len((policies.TEMPLATES / f"{layer}.yaml").read_bytes()) < 51_200


@pytest.mark.parametrize("layer", policies.LAYERS)
def test_every_parameter_and_output_says_what_it_is(layer: str) -> None:
    template = policies.load(layer)
    for name, body in {**template["Parameters"], **template.get("Outputs", {})}.items():
        assert body.get("Description"), name


@pytest.mark.parametrize("layer", policies.LAYERS)
def test_no_template_uses_yaml_anchors_which_cloudformation_refuses(layer: str) -> None:
    body = (policies.TEMPLATES / f"{layer}.yaml").read_text(encoding="utf-8")
    assert not [t for t in yaml.scan(body) if isinstance(t, yaml.AnchorToken | yaml.AliasToken)]


def test_a_parameter_without_default_is_an_earlier_output_or_an_upload() -> None:
    given = set(UPLOADED)
    for layer in policies.LAYERS:
        template = policies.load(layer)
        for name, body in template["Parameters"].items():
            assert "Default" in body or name in given or name.endswith("CodeKey"), f"{layer}: {name}"
        given |= set(template.get("Outputs", {}))


def test_an_output_name_is_used_by_one_layer_only() -> None:
    names = [name for layer in policies.LAYERS for name in policies.load(layer).get("Outputs", {})]
    assert len(names) == len(set(names))


def test_a_parameter_means_the_same_in_every_layer() -> None:
    seen: dict[str, tuple] = {}
    for layer in policies.LAYERS:
        for name, body in policies.load(layer)["Parameters"].items():
            # An output of one layer may be checked more strictly where it is set.
            meaning = (body["Type"], body.get("Default"))
            if "Default" in body:
                assert seen.setdefault(name, meaning) == meaning, f"{layer}: {name}"


def test_every_size_of_a_task_is_one_that_fargate_offers() -> None:
    compute = policies.load("compute")
    sizes = compute["Mappings"]["Sizes"]
    for name, size in sizes.items():
        least, most, step = FARGATE[size["Cpu"]]
        assert least <= int(size["Memory"]) <= most, name
        assert int(size["Memory"]) % step == 0, name
        assert int(size["Threads"]) == int(size["Cpu"]) // 1024, name
    for task in ("Training", "Inference", "Bulk"):
        assert compute["Parameters"][f"{task}Size"]["AllowedValues"] == list(sizes)


def test_the_disk_of_a_task_is_within_fargates_bounds() -> None:
    parameter = policies.load("compute")["Parameters"]["TaskStorageGiB"]
    assert (parameter["Default"], parameter["MinValue"], parameter["MaxValue"]) == (20, 20, 200)
    for task in policies.resources("compute", "AWS::ECS::TaskDefinition").values():
        assert task["Properties"]["EphemeralStorage"]["Fn::If"][0] == "MoreStorage"


def test_the_embedding_has_as_many_dimensions_as_the_index() -> None:
    ai = policies.load("ai")["Resources"]
    vector = ai["KnowledgeBase"]["Properties"]["KnowledgeBaseConfiguration"][
        "VectorKnowledgeBaseConfiguration"
    ]
    embedding = vector["EmbeddingModelConfiguration"]["BedrockEmbeddingModelConfiguration"]
    assert embedding["Dimensions"] == ai["VectorIndex"]["Properties"]["Dimension"] == 1024


def test_every_bucket_is_encrypted_private_and_limited_in_time() -> None:
    buckets = policies.resources("storage", "AWS::S3::Bucket")
    assert set(buckets) == {"RawBucket", "LakeBucket", "ArtifactsBucket", "TruthBucket"}
    for name, bucket in buckets.items():
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert properties["BucketEncryption"], name
        rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
        assert rules["abort-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}, name
        assert any("ExpirationInDays" in rule for rule in rules.values()), name
        policy = policies.resources("storage", "AWS::S3::BucketPolicy")[f"{name}Policy"]
        assert "aws:SecureTransport" in json.dumps(policy), name


def test_models_and_the_champion_outlive_the_data() -> None:
    rules = policies.load("storage")["Resources"]["LakeBucket"]["Properties"]["LifecycleConfiguration"][
        "Rules"
    ]
    expiring = [rule.get("Prefix", "") for rule in rules if "ExpirationInDays" in rule]
    assert "" not in expiring, "a rule without prefix would expire the models"
    assert not [prefix for prefix in expiring if prefix.startswith("models")]


def test_destroying_leaves_nothing_behind() -> None:
    for layer in policies.LAYERS:
        for name, resource in policies.load(layer)["Resources"].items():
            if resource["Type"] in KEEPS_DATA:
                assert resource["DeletionPolicy"] == "Delete", name


def test_nothing_with_a_price_by_the_hour_is_made_by_default() -> None:
    template = policies.load("network")
    assert template["Parameters"]["NetworkMode"]["Default"] == "create-public"
    for name, resource in template["Resources"].items():
        assert resource["Type"] not in ("AWS::EC2::NatGateway", "AWS::EC2::EIP"), name
        if resource.get("Properties", {}).get("VpcEndpointType") == "Interface":
            assert resource["Condition"] == "Private", name


def test_the_dashboard_and_the_alarms_stay_within_the_free_allowance() -> None:
    (dashboard,) = policies.resources("operations", "AWS::CloudWatch::Dashboard").values()
    body = json.loads(dashboard["Properties"]["DashboardBody"]["Fn::Sub"])
    assert sum(len(widget["properties"]["metrics"]) for widget in body["widgets"]) <= 50
    assert len(policies.resources("operations", "AWS::CloudWatch::Alarm")) <= 10


def test_the_budget_warns_at_half_four_fifths_and_all_of_it() -> None:
    budget = policies.resources("operations", "AWS::Budgets::Budget")["MonthlyBudget"]["Properties"]
    condition, notifications, _ = budget["NotificationsWithSubscribers"]["Fn::If"]
    assert condition == "HasEmail"
    assert [entry["Notification"]["Threshold"] for entry in notifications] == [50, 80, 100]
    assert "CostFilters" not in budget["Budget"]
