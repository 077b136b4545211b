"""Names that the stacks will give must be free, or in the workshop's own stacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stacks import places
from tests.factories import make_attendee, make_workshop
from tests.functional.cli.checking.account import about, all_answers, look, only, tagged
from tests.unit.quotas.fakes import Answer
from workshop import names
from workshop.model import Repository, Workshop

REGION = "us-east-1"


@pytest.mark.parametrize(
    ("service", "answers", "subject"),
    [
        ("iam", {"list_roles": {"Roles": [{"RoleName": "ml101-ann"}]}}, "role names"),
        (
            "iam",
            {"list_roles": {"Roles": [{"RoleName": places.sweep_role_name("ml101", REGION)}]}},
            "role names",
        ),
        (
            "iam",
            {"list_roles": {"Roles": [{"RoleName": places.domain_role_name("ml101", REGION)}]}},
            "role names",
        ),
        (
            "iam",
            {"list_policies": {"Policies": [{"PolicyName": names.boundary_name("ml101", REGION)}]}},
            "policy names",
        ),
        (
            "iam",
            {
                "list_policies": {
                    "Policies": [{"PolicyName": places.common_policy_name("ml101", REGION)}]
                }
            },
            "policy names",
        ),
        ("lambda", {"get_function_configuration": {"FunctionName": "x"}}, "function names"),
        (
            "logs",
            {
                "describe_log_groups": {
                    "logGroups": [{"logGroupName": "/aws/lambda/ml101-shared-sweep"}]
                }
            },
            "log group names",
        ),
    ],
)
def test_a_name_that_somebody_else_has_is_a_problem(
    workshop: Workshop, service: str, answers: dict[str, Answer], subject: str
) -> None:
    usual = all_answers()

    examined = look(workshop, {**usual, service: {**usual[service], **answers}})

    finding = only(examined, "problem")
    assert finding.subject == subject
    assert "are taken: " in finding.what
    assert "aws " in finding.fix


@pytest.mark.parametrize(
    ("service", "answers", "subject"),
    [
        ("iam", {"list_roles": {"Roles": [{"RoleName": "ml101-ann-build"}]}}, "role names"),
        (
            "iam",
            {"list_policies": {"Policies": [{"PolicyName": "ml101-ann-build"}]}},
            "policy names",
        ),
        (
            "logs",
            {
                "describe_log_groups": {
                    "logGroups": [{"logGroupName": "/aws/codebuild/ml101-ann-build"}]
                }
            },
            "log group names",
        ),
    ],
)
def test_names_of_image_builds_must_be_free_where_there_are_any(
    workshop: Workshop, service: str, answers: dict[str, Answer], subject: str
) -> None:
    usual = all_answers()
    taken = {**usual, service: {**usual[service], **answers}}

    assert only(look(replace(workshop, builds_images=True), taken), "problem").subject == subject
    assert about(look(workshop, taken), subject).state == "ok"


def test_a_neighbours_names_are_nobodys_concern(workshop: Workshop) -> None:
    answers = all_answers()
    roles = [{"RoleName": name} for name in ("ml101-anna", "xml101-ann", "ml101-shared")]
    answers["iam"]["list_roles"] = {"Roles": roles}

    assert about(look(workshop, answers), "role names").state == "ok"


def test_many_names_that_are_taken_are_counted_and_five_are_told(repository: Repository) -> None:
    people = [f"a{number:03}" for number in range(1, 9)]
    workshop = make_workshop(people, repository=repository)
    answers = all_answers()
    answers["iam"]["list_roles"] = {"Roles": [{"RoleName": f"ml101-{id}"} for id in people]}

    what = only(look(workshop, answers), "problem").what

    assert what.startswith("8 of the role names are taken: ml101-a001, ")
    assert what.endswith("ml101-a005 and 3 more")


def test_what_lies_in_a_stack_of_the_workshop_is_its_own(workshop: Workshop) -> None:
    answers = all_answers()
    stack = {"StackName": "ml101-ann", "Tags": tagged("ml101")}
    answers["cloudformation"]["describe_stacks"] = {"Stacks": [stack]}
    roles = [{"RoleName": name} for name in ("ml101-ann", "ml101-bob")]
    answers["iam"]["list_roles"] = {"Roles": roles}

    finding = only(look(workshop, answers), "problem")

    assert finding.what == "1 of the role names are taken: ml101-bob"


@pytest.mark.parametrize(
    ("operation", "answer", "subject"),
    [
        (
            "list_notebook_instances",
            {"NotebookInstances": [{"NotebookInstanceName": "ml101-ann"}]},
            "notebook instance names",
        ),
        (
            "list_notebook_instance_lifecycle_configs",
            {
                "NotebookInstanceLifecycleConfigs": [
                    {"NotebookInstanceLifecycleConfigName": places.notebook_lifecycle_name("ml101")}
                ]
            },
            "lifecycle configuration names",
        ),
    ],
)
def test_names_of_notebook_environments_must_be_free(
    repository: Repository, operation: str, answer: Answer, subject: str
) -> None:
    workshop = make_workshop([make_attendee("ann", "notebook")], repository=repository)
    answers = all_answers()
    answers["sagemaker"][operation] = answer

    assert only(look(workshop, answers), "problem").subject == subject


@pytest.mark.parametrize(
    ("operation", "answer", "subject"),
    [
        (
            "list_user_profiles",
            {"UserProfiles": [{"UserProfileName": "ml101-bob"}]},
            "user profile names",
        ),
        ("list_spaces", {"Spaces": [{"SpaceName": "ml101-bob"}]}, "space names"),
    ],
)
def test_in_a_domain_that_exists_profiles_and_spaces_must_be_free(
    workshop: Workshop, operation: str, answer: Answer, subject: str
) -> None:
    answers = all_answers()
    ready: Any = {"DomainName": "theirs", "Status": "InService", "AuthMode": "IAM"}
    answers["sagemaker"]["describe_domain"] = ready
    answers["sagemaker"][operation] = answer

    examined = look(replace(workshop, domains={REGION: "d-abc"}), answers)

    assert only(examined, "problem").subject == subject
