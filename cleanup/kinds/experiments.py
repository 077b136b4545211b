"""Experiments, their trials, and what these consist of."""

from __future__ import annotations

from cleanup.kind import Kind, Parent

TRIAL_COMPONENT_ASSOCIATION = Kind(
    name="trial-component-association",
    list_op="list_trial_components",
    list_key="TrialComponentSummaries",
    parent=Parent("trial", {"TrialName": "TrialName"}),
    id_fields=("TrialComponentName", "TrialName"),
    name_of=lambda row: f"{row['TrialName']}/{row['TrialComponentName']}",
    always="disassociate_trial_component",
)

# Not before it belongs to no trial (DeleteTrialComponent, API reference).
TRIAL_COMPONENT = Kind(
    name="trial-component",
    list_op="list_trial_components",
    list_key="TrialComponentSummaries",
    id_fields=("TrialComponentName",),
    name_field="TrialComponentName",
    arn_field="TrialComponentArn",
    always="delete_trial_component",
    after=("trial-component-association",),
)

TRIAL = Kind(
    name="trial",
    list_op="list_trials",
    list_key="TrialSummaries",
    id_fields=("TrialName",),
    name_field="TrialName",
    arn_field="TrialArn",
    always="delete_trial",
    after=("trial-component-association", "trial-component"),
)

EXPERIMENT = Kind(
    name="experiment",
    list_op="list_experiments",
    list_key="ExperimentSummaries",
    id_fields=("ExperimentName",),
    name_field="ExperimentName",
    arn_field="ExperimentArn",
    always="delete_experiment",
    after=("trial",),
)
