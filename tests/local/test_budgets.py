"""Budgets at the embedded endpoint: limits and notifications are kept, and nothing is said to be spent."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from engage_cli.deploy.plan import load_template
from engage_cli.local import process

pytestmark = pytest.mark.local
Client = Callable[..., Any]
ACCOUNT = {"AccountId": process.ACCOUNT}


@pytest.fixture
def budget(aws: Client) -> str:
    """The operations layer's own budget, made from its template alone; its name."""
    import yaml

    from engage_cli.local.usage import _Loader

    template = yaml.load(load_template("operations").body, Loader=_Loader)
    resource = template["Resources"]["MonthlyBudget"]
    with_email = resource["Properties"]["NotificationsWithSubscribers"][1]
    name = f"budget-{uuid4().hex[:8]}"
    for one in with_email:
        one["Subscribers"][0]["Address"] = "me@example.com"
    properties = {
        "Budget": {
            **resource["Properties"]["Budget"],
            "BudgetLimit": {"Amount": 25, "Unit": "USD"},
            "BudgetName": name,
        },
        "NotificationsWithSubscribers": with_email,
    }
    body = json.dumps({"Resources": {"B": {"Type": resource["Type"], "Properties": properties}}})
    aws("cloudformation").create_stack(StackName=name, TemplateBody=body)
    aws("cloudformation").get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    return name


def test_the_templates_budget_has_its_limit_and_its_three_notifications(aws: Client, budget: str) -> None:
    found = aws("budgets").describe_budget(**ACCOUNT, BudgetName=budget)["Budget"]
    assert (float(found["BudgetLimit"]["Amount"]), found["TimeUnit"]) == (25.0, "MONTHLY")
    notifications = aws("budgets").describe_notifications_for_budget(**ACCOUNT, BudgetName=budget)[
        "Notifications"
    ]
    assert [(one["Threshold"], one["NotificationType"]) for one in notifications] == [
        (50.0, "ACTUAL"),
        (80.0, "ACTUAL"),
        (100.0, "ACTUAL"),
    ]
    for one in notifications:
        people = aws("budgets").describe_subscribers_for_notification(
            **ACCOUNT,
            BudgetName=budget,
            Notification={k: v for k, v in one.items() if k != "NotificationState"},
        )["Subscribers"]
        assert people == [{"SubscriptionType": "EMAIL", "Address": "me@example.com"}]
    assert budget in [one["BudgetName"] for one in aws("budgets").describe_budgets(**ACCOUNT)["Budgets"]]


def test_nothing_is_spent_here_and_no_notification_is_due(aws: Client, budget: str) -> None:
    found = aws("budgets").describe_budget(**ACCOUNT, BudgetName=budget)["Budget"]
    assert found["CalculatedSpend"]["ActualSpend"] == {"Amount": "0", "Unit": "USD"}
    notifications = aws("budgets").describe_notifications_for_budget(**ACCOUNT, BudgetName=budget)[
        "Notifications"
    ]
    assert {one.get("NotificationState", "OK") for one in notifications} == {"OK"}


def test_a_budget_is_read_with_the_permission_to_view_budgets(aws: Client, budget: str) -> None:
    def user(action: str) -> Any:
        name = f"u-{uuid4().hex[:8]}"
        aws("iam").create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        aws("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = aws("iam").create_access_key(UserName=name)["AccessKey"]
        return aws("budgets", {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]})

    viewer = user("budgets:ViewBudget")
    assert viewer.describe_budget(**ACCOUNT, BudgetName=budget)["Budget"]["BudgetName"] == budget
    with pytest.raises(ClientError, match="budgets:ModifyBudget"):
        viewer.delete_budget(**ACCOUNT, BudgetName=budget)
