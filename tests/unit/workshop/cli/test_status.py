"""What `workshop status` takes for the workshop's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.factories import make_workshop
from tests.unit.cleanup.fake_aws import Clock, FakeAws
from workshop.cli.status import look

REGION = "us-east-1"
ACCOUNT = "111122223333"


class NoStacks:
    """CloudFormation in an account without stacks."""

    def get_paginator(self, _operation: str) -> NoStacks:
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"Stacks": []}


class Caller:
    """STS: says in which account we are."""

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ina"}


def test_what_another_account_shares_is_not_ours_whatever_its_name() -> None:
    aws = FakeAws(Clock())
    for account, name in ((ACCOUNT, "ml101-ann-ours"), ("444455556666", "ml101-ann-theirs")):
        arn = f"arn:aws:sagemaker:{REGION}:{account}:model-package-group/{name}"
        aws.add("model-package-group", name, "Completed", ModelPackageGroupArn=arn)
    others = {"cloudformation": NoStacks(), "sts": Caller()}

    def clients(service: str, region: str) -> Any:
        return others.get(service) or aws.clients(service, region)

    stacks, found = look(make_workshop(), clients, (REGION,))

    assert stacks == []
    assert [resource.name for resource in found.resources] == ["ml101-ann-ours"]
