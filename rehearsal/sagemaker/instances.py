"""Instance types that AWS no longer gives, refused where a request asks for one.

botocore's enums are region-blind and still list them; which are retired, and why, is in the
table that the workshop file is checked against too (workshop/data). What only says where a
model or an algorithm could run, or what a page hides, asks for no instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.paths import values_at
from workshop.config import tables

Asked = tuple[str, tuple[str, ...]]  # use, and where a request says the type

_CLUSTER = ("InstanceType", "SelectedInstanceType", "InstancePreferences.InstanceType")
_TRAINING = (*_CLUSTER, "InstanceGroups.InstanceType")
_TUNING = ("InstanceType", "InstanceConfigs.InstanceType")
_VARIANT = ("InstanceType", "InstancePools.InstanceType")


def _below(use: str, *parents: str, members: tuple[str, ...] = ("InstanceType",)) -> Asked:
    return use, tuple(f"{parent}.{member}" for parent in parents for member in members)


def _defaults(*settings: str) -> Asked:
    """Of every type of app that the settings are for."""
    return _below("studio", *settings, members=("*.DefaultResourceSpec.InstanceType",))


_USER_AND_SPACE = _defaults("DefaultUserSettings", "DefaultSpaceSettings")
_MONITORING = _below(
    "processing",
    "MonitoringScheduleConfig.MonitoringJobDefinition.MonitoringResources.ClusterConfig",
)
_JOB_DEFINITION = _below("processing", "JobResources.ClusterConfig")
_COMPONENT = _below("endpoint", "Specification", "Specifications")
_EXPERIMENT = "InfrastructureConfig.RealTimeInferenceConfig"
_DEFINITIONS = ("TrainingJobDefinition", "TrainingJobDefinitions")
_PROFILES = "ValidationSpecification.ValidationProfiles"
_VALIDATING = _below("transform", f"{_PROFILES}.TransformJobDefinition.TransformResources")
_RULES = _below("processing", "DebugRuleConfigurations", "ProfilerRuleConfigurations")

ASKED: dict[str, tuple[Asked, ...]] = {
    "CreateAIRecommendationJob": (("endpoint", ("ComputeSpec.InstanceTypes",)),),
    "CreateAlgorithm": (
        _below("training", f"{_PROFILES}.TrainingJobDefinition.ResourceConfig", members=_TRAINING),
        _VALIDATING,
    ),
    "CreateApp": (_below("studio", "ResourceSpec"),),
    "CreateDataQualityJobDefinition": (_JOB_DEFINITION,),
    "CreateDomain": (
        _USER_AND_SPACE,
        _defaults("DomainSettings"),
    ),
    "CreateEndpointConfig": (
        _below("endpoint", "ProductionVariants", "ShadowProductionVariants", members=_VARIANT),
    ),
    "CreateHyperParameterTuningJob": (
        _below("training", *(f"{d}.ResourceConfig" for d in _DEFINITIONS), members=_TRAINING),
        _below(
            "training",
            *(f"{d}.HyperParameterTuningResourceConfig" for d in _DEFINITIONS),
            members=_TUNING,
        ),
    ),
    "CreateInferenceComponent": (_COMPONENT,),
    "CreateInferenceExperiment": (_below("endpoint", f"ModelVariants.{_EXPERIMENT}"),),
    "CreateInferenceRecommendationsJob": (
        _below("endpoint", "InputConfig.EndpointConfigurations"),
    ),
    "CreateModelBiasJobDefinition": (_JOB_DEFINITION,),
    "CreateModelExplainabilityJobDefinition": (_JOB_DEFINITION,),
    "CreateModelPackage": (_VALIDATING,),
    "CreateModelQualityJobDefinition": (_JOB_DEFINITION,),
    "CreateMonitoringSchedule": (_MONITORING,),
    "CreateNotebookInstance": (("notebook", ("InstanceType",)),),
    "CreateProcessingJob": (
        _below("processing", "ProcessingResources.ClusterConfig", members=_CLUSTER),
    ),
    "CreateSpace": (_defaults("SpaceSettings"),),
    "CreateTrainingJob": (_below("training", "ResourceConfig", members=_TRAINING), _RULES),
    "CreateTransformJob": (_below("transform", "TransformResources"),),
    "CreateUserProfile": (_defaults("UserSettings"),),
    "StopInferenceExperiment": (_below("endpoint", f"DesiredModelVariants.{_EXPERIMENT}"),),
    "UpdateDomain": (_USER_AND_SPACE, _defaults("DomainSettingsForUpdate")),
    "UpdateInferenceComponent": (_COMPONENT,),
    "UpdateInferenceExperiment": (_below("endpoint", f"ModelVariants.{_EXPERIMENT}"),),
    "UpdateMonitoringSchedule": (_MONITORING,),
    "UpdateNotebookInstance": (("notebook", ("InstanceType",)),),
    "UpdateSpace": (_defaults("SpaceSettings"),),
    "UpdateTrainingJob": (_RULES,),
    "UpdateUserProfile": (_defaults("UserSettings"),),
}


def check(operation: str, params: dict[str, Any]) -> None:
    """Refuse a request for a retired instance type. The wording is ours."""
    for use, paths in ASKED.get(operation, ()):
        for path in paths:
            for instance_type in _values_at(params, path):
                gone = tables.retired(str(instance_type), use)
                if gone is not None:
                    raise invalid(
                        f"Instance type {instance_type} is not available for {use}: "
                        f"{gone.reason}. Use another type, such as {gone.instead}."
                    )


def _values_at(params: dict[str, Any], path: str) -> Iterator[Any]:
    """The values at a path, in which * is any member."""
    head, star, rest = path.partition(".*.")
    for found in values_at(params, head):
        if not star:
            yield found
        elif isinstance(found, dict):
            for member in found.values():
                yield from values_at(member, rest)
