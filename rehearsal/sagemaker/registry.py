"""Model packages and cards with their versions, and what hubs hold."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import ApiError, invalid, missing
from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules


class ModelPackageRules(Rules):
    """A package is a version of its group, or stands alone under its own name."""

    def locate(
        self, plane: ControlPlane, kind: Kind, region: str, params: dict[str, Any]
    ) -> Resource | None:
        arn = params.get("ModelPackageArn")  # UpdateModelPackage
        return plane.need(kind.name, region, arn) if arn else None

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        group_name, name = params.get("ModelPackageGroupName"), params.get("ModelPackageName")
        if (group_name is None) == (name is None):
            raise invalid(
                "Exactly one of ModelPackageName and ModelPackageGroupName must be given."
            )
        if group_name is None:
            return {"version": ""}
        group = plane.need("model-package-group", region, group_name)
        # Versions are never used twice, also after a deletion.
        number = group.private["versions"] = group.private.get("versions", 0) + 1
        return {
            # As DescribeModelPackage answers it for a version.
            "ModelPackageName": group.name,
            "ModelPackageGroupName": group.name,
            "ModelPackageVersion": number,
            "version": f"/{number}",
            "ModelApprovalStatus": params.get("ModelApprovalStatus", "PendingManualApproval"),
        }

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(params)
        sort = wanted.pop("ModelPackageType", "Unversioned" if not _group(wanted) else "Versioned")
        if _group(wanted):
            wanted["ModelPackageGroupName"] = plane.need(
                "model-package-group", region, wanted["ModelPackageGroupName"]
            ).name
        if sort != "Both":
            wanted["versioned"] = sort == "Versioned"
        return wanted

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.fields["versioned"] = "ModelPackageVersion" in resource.fields


def _group(params: dict[str, Any]) -> bool:
    return params.get("ModelPackageGroupName") is not None


def batch_describe(plane: ControlPlane, _region: str, params: dict[str, Any]) -> dict[str, Any]:
    """BatchDescribeModelPackage: each found or its error, by ARN."""
    found: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for arn in params["ModelPackageArnList"]:
        package = plane.by_arn(arn)
        if package is None or package.kind.name != "model-package":
            errors[arn] = _batch_error(f"ModelPackage {arn} does not exist.")
        elif "InferenceSpecification" not in package.fields:  # required in the answer
            errors[arn] = _batch_error(f"ModelPackage {arn} has no InferenceSpecification.")
        else:
            found[arn] = package.described()
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


def _batch_error(message: str) -> dict[str, str]:
    return {"ErrorCode": "ValidationException", "ErrorResponse": message}


def _policies(noun: str, kind: str, field: str) -> dict[str, Handler]:
    """The operations of a resource policy: put, get, delete."""

    def put(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        resource = plane.need(kind, region, params[field])
        resource.private["policy"] = params["ResourcePolicy"]
        return {resource.kind.arn_name: resource.arn}

    def get(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        resource = plane.need(kind, region, params[field])
        if "policy" not in resource.private:
            raise ApiError("ValidationException", f"Cannot find resource policy for {resource.arn}")
        return {"ResourcePolicy": resource.private["policy"]}

    def delete(plane: ControlPlane, region: str, params: dict[str, Any]) -> None:
        plane.need(kind, region, params[field]).private.pop("policy", None)

    return {f"Put{noun}": put, f"Get{noun}": get, f"Delete{noun}": delete}


class ModelCardRules(Rules):
    """A card gets a version with every change of its content or status."""

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        resource.fields["ModelCardVersion"] += 1


class ModelCardExportJobRules(Rules):
    """An export is of one version of its card; nothing is written to S3 here."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        card = plane.need("model-card", region, params["ModelCardName"])
        latest = card.fields["ModelCardVersion"]
        version = params.get("ModelCardVersion", latest)
        if not 1 <= version <= latest:
            raise missing(f"ModelCard [{card.name}] has no version {version}.")
        return {"ModelCardVersion": version}


class HubContentRules(Rules):
    """A content has versions; without one in the request the latest is meant."""

    def locate(
        self, plane: ControlPlane, kind: Kind, region: str, params: dict[str, Any]
    ) -> Resource | None:
        hub = plane.need("hub", region, params["HubName"]).name
        wanted = {
            "HubName": hub,
            "HubContentType": params["HubContentType"],
            "HubContentName": params["HubContentName"],
        }
        if params.get("HubContentVersion"):
            wanted["HubContentVersion"] = params["HubContentVersion"]
        found = [
            r
            for r in plane.store("hub-content", region)
            if all(r.fields.get(name) == value for name, value in wanted.items())
        ]
        if not found:
            raise missing(f"HubContent [{params['HubContentName']}] does not exist.")
        return found[-1]

    def identify(self, resource: Resource) -> dict[str, Any]:
        names = (*resource.kind.id_fields, "HubContentVersion")
        return {name: resource.fields[name] for name in names}

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        hub = plane.need("hub", region, params["HubName"])
        return {
            "HubName": hub.name,
            "HubArn": hub.arn,
            "HubContentVersion": params.get("HubContentVersion", "1.0.0"),
        }

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        return {**params, "HubName": plane.need("hub", region, params["HubName"]).name}


_POLICY = "ModelPackageGroupPolicy"

RULES: dict[str, Rules] = {
    "model-package": ModelPackageRules(),
    "model-card": ModelCardRules(),
    "model-card-export-job": ModelCardExportJobRules(),
    "hub-content": HubContentRules(),
}

OPERATIONS: dict[str, Handler] = {
    "BatchDescribeModelPackage": batch_describe,
    **_policies(_POLICY, "model-package-group", "ModelPackageGroupName"),
}
