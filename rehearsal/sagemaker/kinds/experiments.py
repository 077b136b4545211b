"""Experiments, and the lineage of what they made."""

from __future__ import annotations

from rehearsal.sagemaker.kind import Holder, Kind, Need

KINDS: tuple[Kind, ...] = (
    Kind(
        name="experiment",
        noun="Experiment",
        id_fields=("ExperimentName",),
        arn="experiment/{ExperimentName}",
        held_by=(Holder("trial", "ExperimentName"),),
        sort_order="Descending",
    ),
    Kind(
        name="trial",
        noun="Trial",
        id_fields=("TrialName",),
        arn="experiment-trial/{TrialName}",
        needs=(Need("experiment", "ExperimentName"),),
        sort_order="Descending",
    ),
    Kind(
        name="trial-component",
        noun="TrialComponent",
        id_fields=("TrialComponentName",),
        arn="experiment-trial-component/{TrialComponentName}",
        sort_order="Descending",
    ),
    Kind(
        name="action",
        noun="Action",
        id_fields=("ActionName",),
        arn="action/{ActionName}",
        sort_order="Descending",
    ),
    Kind(
        name="artifact",
        noun="Artifact",
        id_fields=("ArtifactArn",),
        named_by="ArtifactName",
        by_arn=True,
        arn="artifact/{new_id}",
        sort_order="Descending",
    ),
    Kind(
        name="context",
        noun="Context",
        id_fields=("ContextName",),
        arn="context/{ContextName}",
        sort_order="Descending",
    ),
)
