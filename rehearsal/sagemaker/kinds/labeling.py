"""People who label and review, and the flows that ask them."""

from __future__ import annotations

from rehearsal.sagemaker.kind import Holder, Kind, Need, states

KINDS: tuple[Kind, ...] = (
    Kind(
        name="workforce",
        noun="Workforce",
        id_fields=("WorkforceName",),
        arn="workforce/private-crowd/{WorkforceName}",
        status_field="Status",
        creating="Initializing",
        ready="Active",
        create_seconds=10,
        updating="Updating",
        update_seconds=10,
        updatable_from=states("Active", "Failed"),
        deletable_from=states("Active", "Failed"),
        absent=(
            "ValidationException",
            "Invalid value '{WorkforceName}' for \"WorkforceName\": No workforce found for "
            "{WorkforceName}.",
        ),
        held_by=(Holder("workteam", "WorkforceArn"),),
        sorted_by="CreateDate",
    ),
    Kind(
        name="workteam",
        noun="Workteam",
        id_fields=("WorkteamName",),
        arn="workteam/private-crowd/{WorkteamName}",
        absent=("ValidationException", 'The work team "{WorkteamName}" does not exist.'),
        needs=(Need("workforce", "WorkforceName"),),
    ),
    Kind(
        name="human-task-ui",
        noun="HumanTaskUi",
        id_fields=("HumanTaskUiName",),
        arn="human-task-ui/{HumanTaskUiName}",
        status_field="HumanTaskUiStatus",
        creating="Active",
        ready="Active",
        deletable_from=states("Active"),
        held_by=(Holder("flow-definition", "HumanLoopConfig.HumanTaskUiArn"),),
    ),
    Kind(
        name="flow-definition",
        noun="FlowDefinition",
        id_fields=("FlowDefinitionName",),
        arn="flow-definition/{FlowDefinitionName}",
        status_field="FlowDefinitionStatus",
        creating="Initializing",
        ready="Active",
        create_seconds=5,
        deletable_from=states("Active", "Failed"),
    ),
)
