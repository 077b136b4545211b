"""An account that carries a workshop, as a table of answers that tests change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from costs.estimate import usable_cells
from costs.prices import Price, Prices
from modules.declarations import load_module
from tests.unit.quotas.fakes import Answer, FakeClient, refusal
from workshop.aws import Clients
from workshop.cli.findings import Finding
from workshop.cli.probes import Examination, examine
from workshop.model import Workshop

ACCOUNT = "123456789012"
IDENTITY = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "UserId": "x"}
LAB = load_module("iris-xgboost")
NOW = datetime(2030, 6, 1, 12, tzinfo=UTC)

Answers = dict[str, dict[str, Answer]]


def quota_value(value: float) -> Answer:
    """An applied quota's value."""
    return {"Quota": {"Value": value}}


def head_bucket(**asked: Any) -> Mapping[str, Any]:
    """The CDK's bucket is there, no other."""
    if asked["Bucket"].startswith("cdk-"):
        return {}
    raise refusal("404", "HeadBucket")


def all_answers() -> Answers:
    """What an account answers that is bootstrapped and otherwise empty."""
    return {
        "sts": {"get_caller_identity": IDENTITY},
        "ssm": {"get_parameter": {"Parameter": {"Value": "30"}}},
        "cloudformation": {"describe_stacks": {"Stacks": []}},
        "s3": {"head_bucket": head_bucket},
        "iam": {"list_roles": {"Roles": []}, "list_policies": {"Policies": []}},
        "lambda": {
            "get_function_configuration": refusal("ResourceNotFoundException", "GetFunction")
        },
        "logs": {"describe_log_groups": {"logGroups": []}},
        "ec2": {"describe_vpcs": {"Vpcs": [{"VpcId": "vpc-0"}]}},
        "sagemaker": {
            "list_domains": {"Domains": []},
            "list_user_profiles": {"UserProfiles": []},
            "list_spaces": {"Spaces": []},
            "list_notebook_instances": {"NotebookInstances": []},
            "list_notebook_instance_lifecycle_configs": {"NotebookInstanceLifecycleConfigs": []},
        },
        "service-quotas": {"get_service_quota": quota_value(5)},
    }


def clients_of(answers: Answers) -> Clients:
    """The same answers in every region."""

    def clients(service: str, _region: str) -> Any:
        return FakeClient(service, answers[service])

    return clients


def all_prices(workshop: Workshop, *, as_of: str = "2030-05-30") -> Prices:
    """A price for everything the workshop may use."""
    return Prices({c: Price(0.1, as_of, "test") for c in usable_cells(workshop, [LAB])})


def look(workshop: Workshop, answers: Answers | None = None, **changes: Any) -> Examination:
    """Examine a workshop against a table of answers."""
    given = {"prices": all_prices(workshop), "now": NOW, **changes}
    clients = clients_of(answers or all_answers())
    return examine(workshop, workshop.regions, [LAB], clients, **given)


def about(examined: Examination, subject: str) -> Finding:
    """The one finding about a subject."""
    (finding,) = [f for f in examined.findings if f.subject == subject]
    return finding


def only(examined: Examination, state: str) -> Finding:
    """The one finding in a state."""
    (finding,) = [f for f in examined.findings if f.state == state]
    return finding


def tagged(name: str) -> list[dict[str, str]]:
    """The tags of a workshop's resource."""
    return [{"Key": "workshop:name", "Value": name}]


def later(days: int = 0, hours: int = 0) -> datetime:
    """NOW and some time."""
    return NOW + timedelta(days=days, hours=hours)
