"""Instance types that AWS no longer gives, refused where a request asks for one.

botocore's enums are region-blind and still list them; which are retired, and why, is in the
table that the workshop file is checked against too (workshop/data).
"""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.paths import values_at
from workshop.config import tables

# operation -> (use, where the request says the type)
_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "CreateApp": ("studio", ("ResourceSpec.InstanceType",)),
    "CreateEndpointConfig": ("endpoint", ("ProductionVariants.InstanceType",)),
    "CreateHyperParameterTuningJob": (
        "training",
        (
            "TrainingJobDefinition.ResourceConfig.InstanceType",
            "TrainingJobDefinitions.ResourceConfig.InstanceType",
        ),
    ),
    "CreateNotebookInstance": ("notebook", ("InstanceType",)),
    "CreateProcessingJob": ("processing", ("ProcessingResources.ClusterConfig.InstanceType",)),
    "CreateTrainingJob": (
        "training",
        ("ResourceConfig.InstanceType", "ResourceConfig.InstanceGroups.InstanceType"),
    ),
    "CreateTransformJob": ("transform", ("TransformResources.InstanceType",)),
    "UpdateNotebookInstance": ("notebook", ("InstanceType",)),
}


def check(operation: str, params: dict[str, Any]) -> None:
    """Refuse a request for a retired instance type. The wording is ours."""
    use, paths = _TYPES.get(operation, ("", ()))
    for path in paths:
        for instance_type in values_at(params, path):
            gone = tables.retired(str(instance_type), use)
            if gone is not None:
                raise invalid(
                    f"Instance type {instance_type} is not available for {use}: {gone.reason}."
                )
