"""What an update of a stack would destroy, restart, or take from other stacks. Pure rules over
two templates: the deployed one and the new one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Precious:
    """A type that holds what nobody can make again. `create_only` are the properties whose change
    replaces it (CloudFormation's resource schema, createOnlyProperties)."""

    words: str
    holds: str
    name: str
    create_only: frozenset[str]


PRECIOUS: dict[str, Precious] = {
    "AWS::SageMaker::Space": Precious(
        "space",
        "its files",
        "SpaceName",
        frozenset({"DomainId", "OwnershipSettings", "SpaceName", "SpaceSharingSettings"}),
    ),
    "AWS::SageMaker::UserProfile": Precious(
        "user profile",
        "its spaces",
        "UserProfileName",
        frozenset(
            {"DomainId", "SingleSignOnUserIdentifier", "SingleSignOnUserValue", "UserProfileName"}
        ),
    ),
    "AWS::SageMaker::NotebookInstance": Precious(
        "notebook instance",
        "its files",
        "NotebookInstanceName",
        frozenset(
            {
                "DirectInternetAccess",
                "KmsKeyId",
                "NotebookInstanceName",
                "PlatformIdentifier",
                "SecurityGroupIds",
                "SubnetId",
            }
        ),
    ),
    "AWS::SageMaker::Domain": Precious(
        "domain",
        "everybody's spaces",
        "DomainName",
        frozenset({"AuthMode", "DomainName", "KmsKeyId"}),
    ),
    "AWS::S3::Bucket": Precious(
        "bucket",
        "its objects",
        "BucketName",
        frozenset({"BucketName", "BucketNamePrefix", "BucketNamespace"}),
    ),
}
_DOMAIN = "AWS::SageMaker::Domain"
_NOTEBOOK = "AWS::SageMaker::NotebookInstance"
# UpdateNotebookInstance takes a stopped instance only ("Status (InService) not in ([Stopped,
# Failed])"), so CloudFormation stops and starts it for every change but these: tags have an
# operation of their own.
_WITHOUT_RESTART = frozenset({"Tags"})
_KEEPS = frozenset({"Retain", "RetainExceptOnCreate"})


def read_template(text: str) -> Template | None:
    """A template's content, or None when it is not JSON: ours always are."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def losses(deployed: Template, wanted: Template, unused: frozenset[str] = frozenset()) -> list[str]:
    """What an update would destroy, each such as "delete the space ml101-ann with its files".

    Templates are compared as they are written: a property that says the same in other words
    counts as changed. `unused` are exports that nobody imports: the domain behind one holds
    nobody's environment, and may go.
    """
    found = []
    for logical, old, precious in _precious(deployed):
        new = _resources(wanted).get(logical)
        what = f"the {precious.words} {_name(logical, old, precious)} with {precious.holds}"
        if new is None or new.get("Type") != old["Type"]:
            may_go = old["Type"] == _DOMAIN and _is_exported(logical, deployed, unused)
            if old.get("DeletionPolicy") not in _KEEPS and not may_go:
                found.append(f"delete {what}")
        elif new.get("Condition") != old.get("Condition"):
            found.append(f"delete {what}, if its condition says so")
        elif changed := sorted(_changed(old, new) & precious.create_only):
            found.append(f"replace {what}, since {', '.join(changed)} changes")
    return found


def restarts(deployed: Template, wanted: Template) -> list[str]:
    """The notebook instances that an update would stop and start."""
    resources = _resources(wanted)
    return [
        _name(logical, old, precious)
        for logical, old, precious in _precious(deployed)
        if old["Type"] == _NOTEBOOK
        and logical in resources
        and _changed(old, resources[logical]) - _WITHOUT_RESTART
    ]


def lost_exports(deployed: Template, wanted: Template) -> list[str]:
    """The names of exports that an update would take away.

    Names that are no plain text are left to CloudFormation, which refuses in the middle.
    """
    return sorted(_exports(deployed) - _exports(wanted))


def additions(deployed: Template, wanted: Template) -> frozenset[str]:
    """The names that an update would bring: of exports, and of resources that have names of
    their own. Until it is done nobody can refer to them."""
    return frozenset(
        (_exports(wanted) | _own_names(wanted)) - (_exports(deployed) | _own_names(deployed))
    )


def _resources(template: Template) -> Mapping[str, dict[str, Any]]:
    found: Mapping[str, dict[str, Any]] = template.get("Resources", {})
    return found


def _precious(template: Template) -> Iterator[tuple[str, dict[str, Any], Precious]]:
    for logical, resource in sorted(_resources(template).items()):
        if precious := PRECIOUS.get(resource.get("Type", "")):
            yield logical, resource, precious


def _name(logical: str, resource: dict[str, Any], precious: Precious) -> str:
    name = resource.get("Properties", {}).get(precious.name)
    return name if isinstance(name, str) else logical


def _changed(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    before, after = old.get("Properties", {}), new.get("Properties", {})
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def _exports(template: Template) -> set[str]:
    outputs = template.get("Outputs", {}).values()
    names = (output.get("Export", {}).get("Name") for output in outputs)
    return {name for name in names if isinstance(name, str)}


def _is_exported(logical: str, template: Template, exports: frozenset[str]) -> bool:
    """Whether one of the exports is a value of the resource."""
    return any(
        output.get("Export", {}).get("Name") in exports
        and f'"{logical}"' in json.dumps(output.get("Value"))
        for output in template.get("Outputs", {}).values()
        if isinstance(output.get("Export", {}).get("Name"), str)
    )


def _own_names(template: Template) -> set[str]:
    return {
        value
        for resource in _resources(template).values()
        for key, value in resource.get("Properties", {}).items()
        if key.endswith("Name") and isinstance(value, str)
    }
