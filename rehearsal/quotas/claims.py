"""What a resource takes of which quotas: pure functions of a kind's request or fields.

A claim counts units by quota code. A request claims what the resource it makes will hold;
a resource claims what it holds in its present status. Of a request alone are the quotas
of one resource (`per_request`), such as the instances of a single training job.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.quotas import catalog

Claim = Counter[str]
Fields = Mapping[str, Any]

DOMAINS = "L-B683BCB0"
USER_PROFILES = "L-AC46C40F"
SPACES = "L-8E5333B4"
SPACES_GB = "L-A37B67B0"
APPS = "L-4E39DDC4"
NOTEBOOKS = "L-04CE2E67"
NOTEBOOKS_GB = "L-E4B12EA2"
TRAINING = "L-00C91CB5"
SPOT_TRAINING = "L-93958082"
PROCESSING = "L-F311B08F"
TRANSFORM = "L-60D2A6F0"
ENDPOINTS = "L-7A3DF611"
SERVERLESS = "L-99AD19BF"
SERVERLESS_CONCURRENCY = "L-96300102"
CLUSTERS = "L-3308CCC7"
MLFLOW_SERVERS = "L-6BC1B1A9"

# Kinds of which each resource takes one of one quota.
ONE_EACH = {
    "domain": DOMAINS,
    "user-profile": USER_PROFILES,
    "automl-job": "L-CFC2D5B6",
    "compilation-job": "L-F0067944",
    "image": "L-DDDC1D15",
    "labeling-job": "L-150039CA",
    "model-package": "L-9A82FBCA",
    "model-package-group": "L-BC8DC54C",
    "monitoring-schedule": "L-9966108C",
    "pipeline": "L-E8EADE50",
    "pipeline-execution": "L-F88776CD",
    "project": "L-5CED4195",
}
_APP_USAGE = {
    "JupyterLab": "jupyterlab-app",
    "CodeEditor": "codeeditor-app",
    "KernelGateway": "kernelgateway-app",
    "RSessionGateway": "rsessiongateway-app",
    "Canvas": "canvas-app",
}
_SYSTEM_APPS = {
    "Canvas": "L-65D1CFE4",
    "JupyterServer": "L-8276C21E",
    "RStudioServerPro": "L-B89C4B79",
    "TensorBoard": "L-6F947DE5",
}
MLFLOW_SIZES = {"Small": "L-9FC178C2", "Medium": "L-97AC1A59", "Large": "L-6FF806F0"}
# A private space's volume unless it says otherwise (CreateDomain, DefaultEbsVolumeSizeInGb).
_SPACE_GB = 5
_NOTEBOOK_GB = 5


def _add(claim: Claim, usage: str, instance_type: str | None, count: float) -> None:
    """Add instances to their type's quota; a type that the table does not know has none."""
    code = catalog.type_code(usage, instance_type or "")
    if code is not None:
        claim[code] += int(count)


def groups(resources: Fields) -> Iterator[tuple[str, int]]:
    """The instance types and counts of a job: one, several groups, or what AWS selected.

    Of types in order of preference (InstancePreferences, a tuning job's InstanceConfigs) one
    is selected; the first counts here.
    """
    preferred = resources.get("InstancePreferences") or resources.get("InstanceConfigs") or []
    for group in resources.get("InstanceGroups") or preferred[:1] or [resources]:
        instance_type = group.get("SelectedInstanceType") or group.get("InstanceType")
        if instance_type:
            count = group.get("SelectedInstanceCount") or group.get("InstanceCount", 1)
            yield instance_type, count


def _job(usage: str, total: str, resources: Fields, times: int = 1) -> Claim:
    claim: Claim = Counter()
    for instance_type, count in groups(resources):
        _add(claim, usage, instance_type, count * times)
        claim[total] += count * times
    return claim


def space(fields: Fields) -> Claim:
    """A space and, where its app has one, its volume."""
    claim: Claim = Counter({SPACES: 1})
    settings = fields.get("SpaceSettings", {})
    volume = settings.get("SpaceStorageSettings", {}).get("EbsStorageSettings", {})
    if volume or settings.get("AppType") in ("JupyterLab", "CodeEditor"):
        claim[SPACES_GB] += volume.get("EbsVolumeSizeInGb", _SPACE_GB)
    return claim


def app(fields: Fields) -> Claim:
    """A running app: one of all, and one of its type's on its instance type."""
    claim: Claim = Counter({APPS: 1})
    app_type = fields.get("AppType", "")
    instance_type = fields.get("ResourceSpec", {}).get("InstanceType", "system")
    if instance_type == "system":
        if app_type in _SYSTEM_APPS:
            claim[_SYSTEM_APPS[app_type]] += 1
    else:
        _add(claim, _APP_USAGE.get(app_type, ""), instance_type, 1)
    return claim


def notebook_instance(fields: Fields, *, running: bool = True) -> Claim:
    """A notebook instance; a stopped one holds no instance of its type (inferred)."""
    claim: Claim = Counter({NOTEBOOKS: 1, NOTEBOOKS_GB: fields.get("VolumeSizeInGB", _NOTEBOOK_GB)})
    if running:
        _add(claim, "notebook-instance", fields.get("InstanceType"), 1)
    return claim


def training_job(fields: Fields) -> Claim:
    """A training job; on spot instances it has quotas of its own. One that keeps its
    instances warm needs them of the warm pool's quota too (SageMaker developer guide,
    "SageMaker AI Managed Warm Pools": a request beyond it is refused)."""
    resources = fields.get("ResourceConfig", {})
    if fields.get("EnableManagedSpotTraining"):
        claim = _job("spot-training-job", SPOT_TRAINING, resources)
    else:
        claim = _job("training-job", TRAINING, resources)
    if resources.get("KeepAlivePeriodInSeconds"):
        claim += warm_pool(fields)
    return claim


def warm_pool(fields: Fields) -> Claim:
    """The instances that a training job keeps warm."""
    claim: Claim = Counter()
    for instance_type, count in groups(fields.get("ResourceConfig", {})):
        _add(claim, "training-warm-pool", instance_type, count)
    return claim


def processing_job(fields: Fields) -> Claim:
    """A processing job."""
    resources = fields.get("ProcessingResources", {}).get("ClusterConfig", {})
    return _job("processing-job", PROCESSING, resources)


def transform_job(fields: Fields) -> Claim:
    """A batch transform job."""
    return _job("transform-job", TRANSFORM, fields.get("TransformResources", {}))


def tuning_job(fields: Fields) -> Claim:
    """What a tuning job's training jobs take when as many run as may. CreateHyperParameter-
    TuningJob is refused for it: "'ml.m4.xlarge for training job usage' is 0 Instances, with
    current utilization of 0 Instances and a request delta of 2 Instances" (seen)."""
    limits = fields.get("HyperParameterTuningJobConfig", {}).get("ResourceLimits", {})
    single = fields.get("TrainingJobDefinition")
    claim: Claim = Counter()
    # Several definitions share the parallel jobs; which of them run is not known before.
    for definition in ([single] if single else fields.get("TrainingJobDefinitions", []))[:1]:
        resources = definition.get("ResourceConfig") or definition.get(
            "HyperParameterTuningResourceConfig", {}
        )
        parallel = limits.get("MaxParallelTrainingJobs", 1)
        if definition.get("EnableManagedSpotTraining"):
            claim += _job("spot-training-job", SPOT_TRAINING, resources, parallel)
        else:
            claim += _job("training-job", TRAINING, resources, parallel)
    return claim


def endpoint(variants: list[Fields], counts: Mapping[str, int]) -> Claim:
    """An endpoint's variants; `counts` are instances that differ from the configuration's.

    A variant with a list of types takes its instances of each type's quota (seen: a second
    endpoint was refused for a type of the first one's list that the first did not run on).
    """
    claim: Claim = Counter()
    for variant in variants:
        if "ServerlessConfig" in variant:
            claim[SERVERLESS] += 1
            claim[SERVERLESS_CONCURRENCY] += variant["ServerlessConfig"].get("MaxConcurrency", 1)
            continue
        count = counts.get(variant.get("VariantName", ""), variant.get("InitialInstanceCount", 1))
        for typed in variant.get("InstancePools") or [variant]:
            _add(claim, "endpoint", typed.get("InstanceType"), count)
        claim[ENDPOINTS] += count
    return claim


def mlflow_server(fields: Fields) -> Claim:
    """An MLflow tracking server: one of all, and one of its size."""
    claim: Claim = Counter({MLFLOW_SERVERS: 1})
    claim[MLFLOW_SIZES[fields.get("TrackingServerSize", "Small")]] += 1
    return claim


def cluster(fields: Fields) -> Claim:
    """A HyperPod cluster."""
    claim: Claim = Counter()
    for group in fields.get("InstanceGroups", []):
        count = group.get("InstanceCount", group.get("CurrentCount", 0))
        _add(claim, "cluster", group.get("InstanceType"), count)
        claim[CLUSTERS] += count
    return claim


Claims = Callable[[Fields], Claim]


def _one_of(code: str) -> Claims:
    return lambda _fields: Counter({code: 1})


CLAIMS: dict[str, Claims] = {
    **{kind: _one_of(code) for kind, code in ONE_EACH.items()},
    "space": space,
    "app": app,
    "notebook-instance": notebook_instance,
    "training-job": training_job,
    "processing-job": processing_job,
    "transform-job": transform_job,
    "tuning-job": tuning_job,
    "mlflow-server": mlflow_server,
    "cluster": cluster,
}

# Quotas of a single resource: the code, and the total of which the request may take so much.
PER_REQUEST: dict[str, dict[str, str]] = {
    "training-job": {"L-622CFD70": TRAINING, "L-DB62C864": SPOT_TRAINING},
    "processing-job": {"L-A5D63399": PROCESSING},
    "endpoint": {"L-ED8DEE9B": ENDPOINTS},
    "cluster": {"L-2CE978FC": CLUSTERS},
}
