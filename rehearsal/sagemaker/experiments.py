"""Experiments: trials, and the components associated with them."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid, missing
from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules

# The ARNs of the trials that a component is associated with.
_TRIALS = "trials"


class ExperimentRules(Rules):
    """An experiment shows who made it; here nobody is known."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        name = next(value for field, value in params.items() if field.endswith("Name"))
        return {"DisplayName": params.get("DisplayName", name), "CreatedBy": {}}


class TrialRules(ExperimentRules):
    """A trial goes after its components have been disassociated (DeleteTrial, API reference)."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        shown = super().before_create(plane, region, {"TrialName": params["TrialName"], **params})
        experiment = plane.need("experiment", region, params["ExperimentName"])
        return {**shown, "ExperimentName": experiment.name}

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        for component in plane.store("trial-component", resource.region):
            if resource.arn in component.private[_TRIALS]:
                raise invalid(
                    f"Trial [{resource.name}] cannot be deleted: trial component "
                    f"{component.name} is associated with it."
                )

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(params)
        experiment = wanted.get("ExperimentName")
        if experiment is not None:
            wanted["ExperimentName"] = plane.need("experiment", region, experiment).name
        name = wanted.pop("TrialComponentName", None)
        if name is not None:
            component = plane.need("trial-component", region, name)
            wanted["TrialArn"] = sorted(component.private[_TRIALS])
        return wanted


class TrialComponentRules(ExperimentRules):
    """A component goes after it was disassociated from every trial."""

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.private[_TRIALS] = set()
        resource.fields[_TRIALS] = []

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        if resource.private[_TRIALS]:
            raise invalid(
                f"TrialComponent [{resource.name}] cannot be deleted: it is associated with "
                "a trial."
            )

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        for member in ("Parameters", "InputArtifacts", "OutputArtifacts"):
            _remove(resource, member, params.get(f"{member}ToRemove", []))

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(params)
        name = wanted.pop("TrialName", None)
        if name is not None:
            wanted[_TRIALS] = plane.need("trial", region, name).name
        experiment = wanted.pop("ExperimentName", None)
        if experiment is not None:
            wanted["experiments"] = plane.need("experiment", region, experiment).name
        return wanted


def _remove(resource: Resource, member: str, names: list[str]) -> None:
    """Take names out of a map that a resource has."""
    if names and member in resource.fields:
        kept = {k: v for k, v in resource.fields[member].items() if k not in names}
        resource.fields[member] = kept


def _pair(plane: ControlPlane, region: str, params: dict[str, Any]) -> tuple[Resource, Resource]:
    return (
        plane.need("trial-component", region, params["TrialComponentName"]),
        plane.need("trial", region, params["TrialName"]),
    )


def associate(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """AssociateTrialComponent."""
    component, trial = _pair(plane, region, params)
    component.private[_TRIALS].add(trial.arn)
    _show(plane, component)
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}


def disassociate(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """DisassociateTrialComponent."""
    component, trial = _pair(plane, region, params)
    if trial.arn not in component.private[_TRIALS]:
        raise missing(f"TrialComponent [{component.name}] is not associated with [{trial.name}].")
    component.private[_TRIALS].discard(trial.arn)
    _show(plane, component)
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}


def _show(plane: ControlPlane, component: Resource) -> None:
    """Note where a component belongs, as lists filter by it."""
    trials = [plane.by_arn(arn) for arn in component.private[_TRIALS]]
    component.fields[_TRIALS] = sorted(t.name for t in trials if t)
    component.fields["experiments"] = sorted(t.fields["ExperimentName"] for t in trials if t)


class ArtifactRules(Rules):
    """An artifact is known by its ARN; DeleteArtifact takes its source too."""

    def locate(
        self, plane: ControlPlane, kind: Kind, region: str, params: dict[str, Any]
    ) -> Resource | None:
        if params.get("ArtifactArn"):
            return None
        uri = (params.get("Source") or {}).get("SourceUri")
        if uri is None:
            raise invalid("Either ArtifactArn or Source must be given.")
        for artifact in plane.store("artifact", region):
            if artifact.fields["Source"]["SourceUri"] == uri:
                return artifact
        raise missing(f"Artifact with source [{uri}] does not exist.")

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        _remove(resource, "Properties", params.get("PropertiesToRemove", []))

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        return {("source" if name == "SourceUri" else name): v for name, v in params.items()}

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.fields["source"] = resource.fields["Source"]["SourceUri"]


class SourcedRules(ArtifactRules):
    """Actions and contexts: known by name, listed by source like artifacts."""

    def locate(
        self, plane: ControlPlane, kind: Kind, region: str, params: dict[str, Any]
    ) -> Resource | None:
        return None


RULES: dict[str, Rules] = {
    "experiment": ExperimentRules(),
    "trial": TrialRules(),
    "trial-component": TrialComponentRules(),
    "artifact": ArtifactRules(),
    "action": SourcedRules(),
    "context": SourcedRules(),
}

OPERATIONS: dict[str, Handler] = {
    "AssociateTrialComponent": associate,
    "DisassociateTrialComponent": disassociate,
}
