"""Jobs that no program here executes: they run their states, and end Failed saying so."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid, missing
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource, new_id
from rehearsal.sagemaker.rules import Rules


class TuningJobRules(Rules):
    """A tuning job; no training job is started for it."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        one = "TrainingJobDefinition" in params
        if one == ("TrainingJobDefinitions" in params):
            raise invalid(
                "Exactly one of TrainingJobDefinition and TrainingJobDefinitions must be given."
            )
        return {}

    def summary(self, resource: Resource) -> dict[str, Any]:
        config = resource.fields["HyperParameterTuningJobConfig"]
        return {"Strategy": config["Strategy"], "ResourceLimits": config.get("ResourceLimits")}


def list_tuned(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListTrainingJobsForHyperParameterTuningJob: none were started."""
    plane.need("tuning-job", region, params["HyperParameterTuningJobName"])
    return {"TrainingJobSummaries": []}


class AutoMLJobRules(Rules):
    """An AutoML job of either version of the API.

    DescribeAutoMLJob does not describe what CreateAutoMLJobV2 made; DescribeAutoMLJobV2
    describes both (API reference of the two).
    """

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        shown: dict[str, Any] = {"AutoMLJobSecondaryStatus": "Starting"}
        if "InputDataConfig" in params:
            shown["AutoMLJobInputDataConfig"] = [
                {k: v for k, v in channel.items() if k in _V2_CHANNEL}
                for channel in params["InputDataConfig"]
            ]
        return shown

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        return self.summary(resource)

    def summary(self, resource: Resource) -> dict[str, Any]:
        status = resource.status
        return {"AutoMLJobSecondaryStatus": "Starting" if status == "InProgress" else status}


_V2_CHANNEL = ("ChannelType", "ContentType", "CompressionType", "DataSource")


def describe_automl(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeAutoMLJob: only jobs of the first version."""
    job = plane.need("automl-job", region, params["AutoMLJobName"])
    if "InputDataConfig" not in job.fields:
        raise missing("Requested resource not found.")
    return {**job.described(), **plane.rules(job.kind).details(plane, job)}


def list_candidates(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListCandidatesForAutoMLJob: none were trained."""
    plane.need("automl-job", region, params["AutoMLJobName"])
    return {"Candidates": []}


class CompilationJobRules(Rules):
    """A compilation job says what it compiles for; model packages are not compiled here."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if "InputConfig" not in params:
            raise invalid("InputConfig is required: the local AWS compiles no model packages.")
        return {}

    def summary(self, resource: Resource) -> dict[str, Any]:
        output = resource.fields["OutputConfig"]
        return {"CompilationTargetDevice": output.get("TargetDevice")}


class LabelingJobRules(Rules):
    """A labeling job has a reference code; nobody labels anything here."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        return {"JobReferenceCode": new_id()}

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"WorkteamArn": resource.fields["HumanTaskConfig"]["WorkteamArn"]}


def list_for_workteam(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListLabelingJobsForWorkteam, in one page."""
    plane.need("workteam", region, params["WorkteamArn"])
    rows = [
        {
            "LabelingJobName": job.name,
            "JobReferenceCode": job.fields["JobReferenceCode"],
            "WorkRequesterAccountId": plane.account,
            "CreationTime": job.created,
            "NumberOfHumanWorkersPerDataObject": job.fields["HumanTaskConfig"][
                "NumberOfHumanWorkersPerDataObject"
            ],
        }
        for job in plane.store("labeling-job", region)
        if job.fields["HumanTaskConfig"]["WorkteamArn"] == params["WorkteamArn"]
    ]
    return {"LabelingJobSummaryList": rows}


class OptimizationJobRules(Rules):
    """An optimisation job says which optimisations it would do."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        kinds = {name for config in params["OptimizationConfigs"] for name in config}
        return {"OptimizationTypes": sorted(name.removesuffix("Config") for name in kinds)}


class BenchmarkJobRules(Rules):
    """A benchmark job belongs to its workload configuration."""

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"AIWorkloadConfigName": resource.fields["AIWorkloadConfigIdentifier"]}


class GenericJobRules(Rules):
    """The generic Job: its secondary status follows its status."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        now = plane.clock.now()
        return {
            "SecondaryStatusTransitions": [
                {"Status": "Starting", "StartTime": now, "StatusMessage": "Starting"}
            ]
        }

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        return {"SecondaryStatus": _secondary(resource)}

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"JobSecondaryStatus": _secondary(resource)}


def _secondary(job: Resource) -> str:
    return "Starting" if job.status == "InProgress" else job.status


def list_steps(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListInferenceRecommendationsJobSteps: none were taken."""
    plane.need("recommendations-job", region, params["JobName"])
    return {"Steps": []}


RULES: dict[str, Rules] = {
    "ai-benchmark-job": BenchmarkJobRules(),
    "automl-job": AutoMLJobRules(),
    "compilation-job": CompilationJobRules(),
    "job": GenericJobRules(),
    "labeling-job": LabelingJobRules(),
    "optimization-job": OptimizationJobRules(),
    "tuning-job": TuningJobRules(),
}

OPERATIONS: dict[str, Handler] = {
    "DescribeAutoMLJob": describe_automl,
    "ListCandidatesForAutoMLJob": list_candidates,
    "ListInferenceRecommendationsJobSteps": list_steps,
    "ListLabelingJobsForWorkteam": list_for_workteam,
    "ListTrainingJobsForHyperParameterTuningJob": list_tuned,
}
