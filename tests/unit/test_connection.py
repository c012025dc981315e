"""The connection to AWS, or to an endpoint on this machine."""

import pytest

from engage_cli.aws.session import connect


@pytest.mark.parametrize(("endpoint", "attempts"), [(None, 6), ("http://127.0.0.1:1", 2)])
def test_a_call_is_tried_less_often_where_no_answer_means_that_the_endpoint_has_ended(
    endpoint: str | None, attempts: int
) -> None:
    aws = connect(region="us-east-1", endpoint_url=endpoint, access_key="a", secret_key="s")
    assert aws.client("sts").meta.config.retries["total_max_attempts"] == attempts
