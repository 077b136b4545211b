"""Clusters, MLflow, partner apps, projects and training plans: what stays up and bills."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid, missing
from rehearsal.sagemaker import surroundings
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource, new_id
from rehearsal.sagemaker.rules import Rules

_LINK_SECONDS = 300


class ClusterRules(Rules):
    """A cluster's instance groups have their nodes at once; nothing runs on them."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if not params.get("InstanceGroups") and not params.get("RestrictedInstanceGroups"):
            raise invalid("InstanceGroups or RestrictedInstanceGroups is required.")
        return {"InstanceGroups": _groups(params.get("InstanceGroups", []))}

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        roles = values_at(resource.fields["InstanceGroups"], "ExecutionRole")
        resource.private["roles"] = [role for role in roles if surroundings.role_exists(role)]

    def sticks(self, plane: ControlPlane, resource: Resource) -> bool:
        # A cluster whose execution role goes first stays in Deleting for ever (observed by
        # users; AWS documents only that the role is needed).
        return resource.status == resource.kind.deleting and not all(
            surroundings.role_exists(role) for role in resource.private["roles"]
        )

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        if "InstanceGroups" not in params:
            return
        gone = set(params.get("InstanceGroupsToDelete", []))
        changed = {g["InstanceGroupName"]: g for g in _groups(params["InstanceGroups"])}
        kept = {
            g["InstanceGroupName"]: g
            for g in resource.fields["InstanceGroups"]
            if g["InstanceGroupName"] not in gone
        }
        resource.fields["InstanceGroups"] = list({**kept, **changed}.values())


def _groups(specifications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Instance groups as describe shows them, from what the request asks for."""
    return [
        {
            **{k: v for k, v in group.items() if k not in ("InstanceCount", "MinInstanceCount")},
            "CurrentCount": group.get("InstanceCount", group.get("CurrentCount")),
            "TargetCount": group.get("InstanceCount", group.get("TargetCount")),
            "Status": "InService",
        }
        for group in specifications
    ]


def _nodes(cluster: Resource) -> list[dict[str, Any]]:
    return [
        {
            "InstanceGroupName": group["InstanceGroupName"],
            "InstanceId": f"i-{cluster.serial:08x}{index:04x}{number:05x}",
            "InstanceType": group.get("InstanceType", ""),
            "LaunchTime": cluster.created,
            "InstanceStatus": {"Status": "Running"},
        }
        for index, group in enumerate(cluster.fields["InstanceGroups"])
        for number in range(group["CurrentCount"])
    ]


def list_cluster_nodes(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListClusterNodes, in one page."""
    nodes = _nodes(plane.need("cluster", region, params["ClusterName"]))
    wanted = params.get("InstanceGroupNameContains", "")
    return {"ClusterNodeSummaries": [n for n in nodes if wanted in n["InstanceGroupName"]]}


def describe_cluster_node(
    plane: ControlPlane, region: str, params: dict[str, Any]
) -> dict[str, Any]:
    """DescribeClusterNode, by instance id."""
    cluster = plane.need("cluster", region, params["ClusterName"])
    for node in _nodes(cluster):
        if node["InstanceId"] == params.get("NodeId"):
            return {"NodeDetails": node}
    raise missing(f"Node [{params.get('NodeId')}] does not exist.")


class ServerRules(Rules):
    """An MLflow tracking server: a size, a version, a page that nobody serves here."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "TrackingServerSize": params.get("TrackingServerSize", "Small"),
            "MlflowVersion": params.get("MlflowVersion", "3.0"),
            "TrackingServerUrl": f"https://{new_id('t-')}.{region}.experiments.sagemaker.aws",
            "AutomaticModelRegistration": params.get("AutomaticModelRegistration", False),
        }

    def summary(self, resource: Resource) -> dict[str, Any]:
        active = resource.status in resource.kind.bills_in
        return {"IsActive": "Active" if active else "Inactive"}

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        return self.summary(resource)


def _server_url(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """CreatePresignedMlflowTrackingServerUrl: opens a page that says what it would open."""
    server = plane.need("mlflow-server", region, params["TrackingServerName"])
    facts = {"what": "MLflow tracking server", "region": region, "name": server.name}
    return {"AuthorizedUrl": _link(plane, facts, params)}


def _app_url(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """CreatePresignedMlflowAppUrl."""
    app = plane.need("mlflow-app", region, params["Arn"])
    facts = {"what": "MLflow app", "region": region, "name": app.name}
    return {"AuthorizedUrl": _link(plane, facts, params)}


def _partner_url(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """CreatePartnerAppPresignedUrl."""
    app = plane.need("partner-app", region, params["Arn"])
    return {
        "Url": _link(plane, {"what": "Partner app", "region": region, "name": app.name}, params)
    }


def _link(plane: ControlPlane, facts: dict[str, str], params: dict[str, Any]) -> str:
    seconds = params.get("ExpiresInSeconds", _LINK_SECONDS)
    token = plane.links.make(facts, plane.clock.now() + seconds)
    return f"{plane.machine.endpoint_url}/_local/open?token={token}"


class MlflowAppRules(Rules):
    """An MLflow app: a version, and the domains it is the default of."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "MlflowVersion": "3.4",
            "AccountDefaultStatus": params.get("AccountDefaultStatus", "DISABLED"),
        }


class PartnerAppRules(Rules):
    """A partner app's ARN has upper-case letters (botocore's pattern of PartnerAppArn)."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        return {"NEW_ID": new_id().upper(), "BaseUrl": f"https://{new_id()}.{region}.example.com"}


class GovernedRules(Rules):
    """Scheduler configurations and compute quotas are of a cluster, and count their versions."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if plane.by_arn(params["ClusterArn"]) is None:
            raise invalid(f"Cluster [{params['ClusterArn']}] does not exist.")
        return {}

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        for name in ("ClusterSchedulerConfigVersion", "ComputeQuotaVersion"):
            if name in resource.fields:
                resource.fields[name] = params["TargetVersion"] + 1


class TrainingPlanRules(Rules):
    """A plan is one of the offerings; those here are made up, and free of charge."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        offering = next(
            (
                o
                for o in _offerings()
                if o["TrainingPlanOfferingId"] == params["TrainingPlanOfferingId"]
            ),
            None,
        )
        if offering is None:
            raise missing(f"Offering [{params['TrainingPlanOfferingId']}] does not exist.")
        start = plane.clock.now() + _PLAN_DELAY_SECONDS
        return {
            "DurationHours": offering["DurationHours"],
            "StartTime": start,
            "EndTime": start + offering["DurationHours"] * 3600,
            "UpfrontFee": offering["UpfrontFee"],
            "CurrencyCode": "USD",
            "TotalInstanceCount": 1,
            "AvailableInstanceCount": 0,
            "InUseInstanceCount": 0,
            "TargetResources": offering["TargetResources"],
        }

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        wanted = {k: v for k, v in params.items() if k != "Filters"}
        return {**wanted, **{f"{f['Name']}Equals": f["Value"] for f in params.get("Filters", [])}}


_PLAN_DELAY_SECONDS = 3600.0


def _offerings() -> list[dict[str, Any]]:
    return [
        {
            "TrainingPlanOfferingId": f"tpo-local-{days}d",
            "TargetResources": ["training-job", "hyperpod-cluster"],
            "DurationHours": days * 24,
            "UpfrontFee": "0.00",
            "CurrencyCode": "USD",
        }
        for days in (1, 7)
    ]


def search_offerings(_plane: ControlPlane, _region: str, _params: dict[str, Any]) -> dict[str, Any]:
    """SearchTrainingPlanOfferings: two that are made up."""
    return {"TrainingPlanOfferings": _offerings()}


class ProjectRules(Rules):
    """A project's Service Catalog product is not provisioned here."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "ServiceCatalogProvisioningDetails": params.get("ServiceCatalogProvisioningDetails")
        }


def _service_catalog(status: str | None) -> Handler:
    """Enable, disable or tell the account's Service Catalog portfolio of SageMaker."""

    def answer(plane: ControlPlane, region: str, _params: dict[str, Any]) -> dict[str, Any]:
        if status is not None:
            plane.settings[region, "service-catalog"] = status
            return {}
        return {"Status": plane.settings.get((region, "service-catalog"), "Disabled")}

    return answer


RULES: dict[str, Rules] = {
    "cluster": ClusterRules(),
    "cluster-scheduler-config": GovernedRules(),
    "compute-quota": GovernedRules(),
    "mlflow-app": MlflowAppRules(),
    "mlflow-server": ServerRules(),
    "partner-app": PartnerAppRules(),
    "project": ProjectRules(),
    "training-plan": TrainingPlanRules(),
}

OPERATIONS: dict[str, Handler] = {
    "CreatePartnerAppPresignedUrl": _partner_url,
    "CreatePresignedMlflowAppUrl": _app_url,
    "CreatePresignedMlflowTrackingServerUrl": _server_url,
    "DescribeClusterNode": describe_cluster_node,
    "DisableSagemakerServicecatalogPortfolio": _service_catalog("Disabled"),
    "EnableSagemakerServicecatalogPortfolio": _service_catalog("Enabled"),
    "GetSagemakerServicecatalogPortfolioStatus": _service_catalog(None),
    "ListClusterNodes": list_cluster_nodes,
    "SearchTrainingPlanOfferings": search_offerings,
}
