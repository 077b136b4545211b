"""Feature groups. Records are not stored: there is no Feature Store runtime here."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules


class FeatureGroupRules(Rules):
    """A feature group without an online or an offline store is refused."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        online = params.get("OnlineStoreConfig", {}).get("EnableOnlineStore", False)
        offline = params.get("OfflineStoreConfig")
        if not online and offline is None:
            raise invalid(
                "Validation Error: OnlineStoreConfig or OfflineStoreConfig must be specified."
            )
        names = set(values_at(params, "FeatureDefinitions.FeatureName"))
        for field in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
            if params[field] not in names:
                raise invalid(f"Validation Error: {field} must be in FeatureDefinitions.")
        return {"OfflineStoreStatus": {"Status": "Active"}} if offline else {}

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        resource.fields["FeatureDefinitions"] = [
            *resource.fields["FeatureDefinitions"],
            *params.get("FeatureAdditions", []),
        ]

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"OfflineStoreStatus": resource.fields.get("OfflineStoreStatus")}


RULES: dict[str, Rules] = {"feature-group": FeatureGroupRules()}
