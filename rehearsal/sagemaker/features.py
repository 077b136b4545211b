"""Feature groups. Records are not stored: there is no Feature Store runtime here.

The Glue table of an offline store stays when the group goes, as on AWS.
"""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker import surroundings
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

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        offline = resource.fields.get("OfflineStoreConfig")
        if offline and not offline.get("DisableGlueTableCreation"):
            offline = {"DataCatalogConfig": None, **offline}
            if offline["DataCatalogConfig"] is None:
                offline["DataCatalogConfig"] = surroundings.make_feature_table(
                    resource.region, resource.name, resource.fields
                )
            resource.fields["OfflineStoreConfig"] = offline

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        resource.fields["FeatureDefinitions"] = [
            *resource.fields["FeatureDefinitions"],
            *params.get("FeatureAdditions", []),
        ]

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"OfflineStoreStatus": resource.fields.get("OfflineStoreStatus")}


RULES: dict[str, Rules] = {"feature-group": FeatureGroupRules()}
