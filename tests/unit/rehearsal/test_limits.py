"""Quotas that bind: which create call meets which limit, and what counts as in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.errors import ApiError
from rehearsal.quotas import catalog, claims
from rehearsal.quotas.applied import NO_LIMIT, AppliedQuotas
from rehearsal.quotas.limits import Limits, exceeded
from rehearsal.sagemaker.resource import Outcome
from tests.unit.rehearsal.bench import IMAGE_NOBODY_HAS, REGION, ROLE, Bench, Ended


def code(usage: str, instance_type: str) -> str:
    found = catalog.type_code(usage, instance_type)
    assert found is not None
    return found


def limit(bench: Bench, values: Mapping[str, float], default: float = 1000.0) -> None:
    """Let these quotas apply, and a large one for all others."""
    bench.plane.admit = Limits(bench.plane, lambda _region, quota: values.get(quota, default))


@pytest.fixture
def strict(bench: Bench) -> Bench:
    """An account with AWS's defaults."""
    applied = AppliedQuotas()
    bench.plane.admit = Limits(bench.plane, applied.value)
    return bench


def delta(error: ApiError) -> str:
    """A refusal's quota and figures, without the advice."""
    assert (error.code, error.status) == ("ResourceLimitExceeded", 400)
    return error.message.removeprefix("The account-level service limit ").partition(". ")[0]


def training(name: str, count: int = 1, **more: Any) -> dict[str, Any]:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 5}
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE_NOBODY_HAS,
            "TrainingInputMode": "File",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {**resources, **more.pop("resources", {})},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **more,
    }


def end(bench: Bench, kind: str, name: str, status: str = "Completed") -> None:
    """Let a job end."""
    resource = bench.found(kind, name)
    resource.transition = None
    resource.activity = Ended(Outcome(status))
    bench.plane.watch(resource)
    bench.step()


# -- wording ---------------------------------------------------------------------------------


def test_a_refusal_has_aws_s_wording(strict: Bench) -> None:
    error = strict.refusal("CreateTrainingJob", **training("ml101-ann-train"))
    assert error.message == (
        "The account-level service limit 'ml.m5.large for training job usage' is 0 Instances, "
        "with current utilization of 0 Instances and a request delta of 1 Instances. Please use "
        "AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not "
        "available, contact AWS support to request an increase for this quota."
    )


def test_the_unit_is_the_one_that_aws_names() -> None:
    assert "is 2 Domains, with" in exceeded(claims.DOMAINS, 2.0, 2, 1).message
    assert "is 8 NotebookInstances, with" in exceeded(claims.NOTEBOOKS, 8.0, 8, 1).message
    app = code("kernelgateway-app", "ml.m5.12xlarge")
    assert "is 0 Apps, with" in exceeded(app, 0.0, 0, 1).message


def test_every_quota_that_can_be_claimed_is_in_the_table() -> None:
    named = {
        value
        for name, value in vars(claims).items()
        if name.isupper() and "L-" in str(value) and isinstance(value, str)
    }
    codes = named | set(claims.ONE_EACH.values()) | set(claims.MLFLOW_SIZES.values())
    codes |= {code for per_request in claims.PER_REQUEST.values() for code in per_request}
    assert codes <= set(catalog.by_code())
    assert len(codes) > 25


# -- values ----------------------------------------------------------------------------------


def test_a_quota_whose_value_is_not_known_is_not_enforced(strict: Bench) -> None:
    unknown = next(
        q for q in catalog.all_quotas() if q.usage == "processing-job" and q.default is None
    )
    cluster = {"InstanceType": unknown.instance_type, "InstanceCount": 1}
    params = {"ProcessingJobName": "one", "ProcessingResources": {"ClusterConfig": cluster}}
    strict.plane.admit("processing-job", REGION, params)
    cluster["InstanceCount"] = 5
    with pytest.raises(ApiError, match="across all processing jobs' is 4"):
        strict.plane.admit("processing-job", REGION, params)


def test_a_quota_as_large_as_can_be_is_no_limit(bench: Bench) -> None:
    limit(bench, {}, default=NO_LIMIT)
    for number in range(3):
        bench.call("CreateTrainingJob", **training(f"job-{number}", count=500))


def test_a_refused_request_leaves_nothing(bench: Bench) -> None:
    limit(bench, {claims.TRAINING: 0})
    bench.refusal("CreateTrainingJob", **training("ml101-ann-train"))
    assert bench.plane.all("training-job", REGION) == []


def test_a_quota_counts_in_its_region_alone(bench: Bench) -> None:
    limit(bench, {claims.TRAINING: 1})
    bench.call("CreateTrainingJob", **training("here"))
    bench.plane.call("CreateTrainingJob", training("there"), "us-east-1")
    bench.refusal("CreateTrainingJob", **training("again"))


# -- jobs ------------------------------------------------------------------------------------


def test_a_type_s_quota_and_the_total_both_bind(bench: Bench) -> None:
    of_type = code("training-job", "ml.m5.large")
    limit(bench, {of_type: 3, claims.TRAINING: 2})
    bench.call("CreateTrainingJob", **training("one"))
    assert delta(bench.refusal("CreateTrainingJob", **training("two", count=2))) == (
        "'Number of instances across all training jobs' is 2 Instances, with current utilization "
        "of 1 Instances and a request delta of 2 Instances"
    )
    limit(bench, {of_type: 2, claims.TRAINING: 3})
    assert delta(bench.refusal("CreateTrainingJob", **training("two", count=2))).startswith(
        "'ml.m5.large for training job usage' is 2 Instances"
    )


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_a_job_that_has_ended_holds_nothing(bench: Bench, status: str) -> None:
    limit(bench, {claims.TRAINING: 1})
    bench.call("CreateTrainingJob", **training("one"))
    bench.refusal("CreateTrainingJob", **training("two"))
    end(bench, "training-job", "one", status)
    bench.call("CreateTrainingJob", **training("two"))


def test_a_job_that_is_stopping_holds_its_instances_still(bench: Bench) -> None:
    limit(bench, {claims.TRAINING: 1})
    bench.call("CreateTrainingJob", **training("one"))
    bench.plane.set_status(bench.found("training-job", "one"), "Stopping")
    bench.refusal("CreateTrainingJob", **training("two"))


SPOT: dict[str, Any] = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}


def test_spot_training_has_quotas_of_its_own(bench: Bench) -> None:
    limit(bench, {claims.TRAINING: 0, claims.SPOT_TRAINING: 1})
    bench.call("CreateTrainingJob", **training("one", **SPOT))
    error = bench.refusal("CreateTrainingJob", **training("two", **SPOT))
    assert delta(error).startswith("'Number of instances across all spot training jobs' is 1")
    limit(bench, {code("spot-training-job", "ml.m5.large"): 0})
    error = bench.refusal("CreateTrainingJob", **training("two", **SPOT))
    assert delta(error).startswith("'ml.m5.large for spot training job usage' is 0")


def test_one_job_may_take_only_so_many_instances(bench: Bench) -> None:
    limit(bench, {"L-622CFD70": 20})
    error = bench.refusal("CreateTrainingJob", **training("one", count=21))
    assert delta(error) == (
        "'Maximum number of instances per training job' is 20 Instances, with current "
        "utilization of 0 Instances and a request delta of 21 Instances"
    )
    bench.call("CreateTrainingJob", **training("one", count=20))
    bench.call("CreateTrainingJob", **training("two", count=20))


def test_groups_of_instances_count_by_their_types() -> None:
    groups = [
        {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1},
        {"InstanceGroupName": "b", "InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
    ]
    counted = claims.training_job({"ResourceConfig": {"InstanceGroups": groups}})
    assert counted[code("training-job", "ml.m5.large")] == 1
    assert counted[code("training-job", "ml.m5.xlarge")] == 2
    assert counted[claims.TRAINING] == 3


def test_a_warm_pool_needs_its_quota_and_holds_it_after_the_job(bench: Bench) -> None:
    warm: dict[str, Any] = {"resources": {"KeepAlivePeriodInSeconds": 600}}
    pool = code("training-warm-pool", "ml.m5.large")
    limit(bench, {pool: 0})
    error = bench.refusal("CreateTrainingJob", **training("one", **warm))
    assert delta(error).startswith("'ml.m5.large for training warm pool usage' is 0 Instances")
    limit(bench, {pool: 1})
    bench.call("CreateTrainingJob", **training("one", **warm))
    end(bench, "training-job", "one")
    bench.found("training-job", "one").fields["WarmPoolStatus"] = {"Status": "Available"}
    bench.refusal("CreateTrainingJob", **training("two", **warm))
    bench.found("training-job", "one").fields["WarmPoolStatus"] = {"Status": "Terminated"}
    bench.call("CreateTrainingJob", **training("two", **warm))


def test_processing_and_transform_jobs_have_their_own_quotas(bench: Bench) -> None:
    limit(bench, {claims.PROCESSING: 1, claims.TRANSFORM: 1})
    model = bench.model()
    bench.processing_job("one")
    bench.transform_job(model, "one")
    with pytest.raises(ApiError, match="across all processing jobs' is 1 Instances"):
        bench.processing_job("two")
    with pytest.raises(ApiError, match="across all transform jobs' is 1 Instances"):
        bench.transform_job(model, "two")
    limit(bench, {code("processing-job", "ml.m5.large"): 1})
    with pytest.raises(ApiError, match=r"ml\.m5\.large for processing job usage' is 1"):
        bench.processing_job("two")
    limit(bench, {code("transform-job", "ml.m5.large"): 1})
    with pytest.raises(ApiError, match=r"ml\.m5\.large for transform job usage' is 1"):
        bench.transform_job(model, "two")


@pytest.mark.parametrize(
    "resources",
    [
        {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        {
            "InstanceConfigs": [
                {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5},
                {"InstanceType": "ml.c5.xlarge", "InstanceCount": 4, "VolumeSizeInGB": 5},
            ]
        },
    ],
    ids=["one type", "types in order"],
)
def test_a_tuning_job_s_own_resources_meet_the_quota_of_training(
    bench: Bench, resources: dict[str, Any]
) -> None:
    m5 = code("training-job", "ml.m5.large")
    limit(bench, {m5: 3})
    definition = {
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE_NOBODY_HAS,
            "TrainingInputMode": "File",
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameterTuningResourceConfig": resources,
    }
    request: dict[str, Any] = {
        "HyperParameterTuningJobName": "ml101-ann-tune",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxParallelTrainingJobs": 2},
        },
        "TrainingJobDefinition": definition,
    }
    with pytest.raises(ApiError) as caught:
        bench.call("CreateHyperParameterTuningJob", **request)
    assert "is 3 Instances" in delta(caught.value)
    assert delta(caught.value).endswith("a request delta of 4 Instances")


def test_a_job_with_types_in_order_of_preference_takes_the_first() -> None:
    preferred = [
        {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    ]
    counted = claims.processing_job(
        {"ProcessingResources": {"ClusterConfig": {"InstancePreferences": preferred}}}
    )
    assert counted == {code("processing-job", "ml.m5.large"): 2, claims.PROCESSING: 2}


def test_a_tuning_job_claims_what_its_parallel_training_jobs_take() -> None:
    counted = claims.tuning_job(
        {
            "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 3}},
            "TrainingJobDefinition": {
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}
            },
        }
    )
    assert counted == {code("training-job", "ml.m5.large"): 6, claims.TRAINING: 6}


# -- endpoints -------------------------------------------------------------------------------


def config(bench: Bench, name: str, count: int, instance_type: str = "ml.m5.large") -> str:
    if bench.plane.find("model", REGION, "m") is None:
        bench.model("m")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "m",
        "InstanceType": instance_type,
        "InitialInstanceCount": count,
    }
    bench.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])
    return name


def live(bench: Bench, name: str, counts: tuple[int, int]) -> None:
    """Let an endpoint be in service with (current, desired) instances."""
    endpoint = bench.found("endpoint", name)
    endpoint.activity, endpoint.status = None, "InService"
    current, desired = counts
    endpoint.fields["ProductionVariants"] = [
        {
            "VariantName": "AllTraffic",
            "CurrentInstanceCount": current,
            "DesiredInstanceCount": desired,
        }
    ]


def endpoint(bench: Bench, name: str, count: int) -> None:
    bench.call("CreateEndpoint", EndpointName=name, EndpointConfigName=config(bench, name, count))


def test_endpoints_are_bound_by_type_in_all_and_one_by_one(bench: Bench) -> None:
    limit(bench, {claims.ENDPOINTS: 3})
    endpoint(bench, "one", 2)
    config(bench, "two", 2)
    error = bench.refusal("CreateEndpoint", EndpointName="two", EndpointConfigName="two")
    assert delta(error) == (
        "'Number of instances across active endpoints' is 3 Instances, with current utilization "
        "of 2 Instances and a request delta of 2 Instances"
    )
    limit(bench, {code("endpoint", "ml.m5.large"): 3})
    error = bench.refusal("CreateEndpoint", EndpointName="two", EndpointConfigName="two")
    assert delta(error).startswith("'ml.m5.large for endpoint usage' is 3 Instances")
    limit(bench, {"L-ED8DEE9B": 1})
    error = bench.refusal("CreateEndpoint", EndpointName="two", EndpointConfigName="two")
    assert delta(error).startswith("'Maximum number of instances per endpoint' is 1 Instances")


def test_an_endpoint_configuration_alone_takes_nothing(bench: Bench) -> None:
    limit(bench, {claims.ENDPOINTS: 0})
    config(bench, "big", 100)


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "Deleting"])
def test_an_endpoint_that_does_not_run_holds_nothing(bench: Bench, status: str) -> None:
    limit(bench, {claims.ENDPOINTS: 1})
    endpoint(bench, "one", 1)
    bench.found("endpoint", "one").status = status
    endpoint(bench, "two", 1)


def test_an_update_is_asked_for_the_difference(bench: Bench) -> None:
    limit(bench, {claims.ENDPOINTS: 3})
    endpoint(bench, "one", 2)
    live(bench, "one", (2, 2))
    admit = bench.plane.admit
    admit("endpoint", REGION, {"EndpointName": "one", "EndpointConfigName": config(bench, "c", 3)})
    admit("endpoint", REGION, {"EndpointName": "one", "EndpointConfigName": config(bench, "d", 1)})
    large = {"EndpointName": "one", "EndpointConfigName": config(bench, "e", 4)}
    with pytest.raises(ApiError) as caught:
        admit("endpoint", REGION, large)
    assert "utilization of 2 Instances and a request delta of 2 Instances" in delta(caught.value)


def test_new_counts_of_variants_are_asked_for_the_difference(bench: Bench) -> None:
    limit(bench, {claims.ENDPOINTS: 3})
    endpoint(bench, "one", 1)
    live(bench, "one", (1, 1))

    def ask(count: int) -> None:
        wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
        params = {"EndpointName": "one", "DesiredWeightsAndCapacities": wanted}
        bench.plane.admit("endpoint", REGION, params)

    ask(3)
    with pytest.raises(ApiError) as caught:
        ask(4)
    assert "request delta of 3 Instances" in delta(caught.value)


def test_an_endpoint_counts_with_the_instances_it_has_or_is_to_have(bench: Bench) -> None:
    limit(bench, {claims.ENDPOINTS: 4})
    endpoint(bench, "one", 1)
    live(bench, "one", (1, 3))
    config(bench, "two", 2)
    error = bench.refusal("CreateEndpoint", EndpointName="two", EndpointConfigName="two")
    assert "utilization of 3 Instances" in delta(error)


def test_instance_pools_claim_each_of_their_types() -> None:
    pools = [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.m5.xlarge"}]
    counted = claims.endpoint([{"VariantName": "v", "InstancePools": pools}], {"v": 2})
    assert counted == {
        code("endpoint", "ml.m5.large"): 2,
        code("endpoint", "ml.m5.xlarge"): 2,
        claims.ENDPOINTS: 2,
    }


def test_serverless_endpoints_have_quotas_of_their_own() -> None:
    variant = {
        "VariantName": "v",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5},
    }
    counted = claims.endpoint([variant], {})
    assert counted == {claims.SERVERLESS: 1, claims.SERVERLESS_CONCURRENCY: 5}


# -- others ----------------------------------------------------------------------------------


def test_tracking_servers_and_clusters_are_claimed_by_size_and_type() -> None:
    assert claims.mlflow_server({"TrackingServerSize": "Medium"}) == {
        claims.MLFLOW_SERVERS: 1,
        "L-97AC1A59": 1,
    }
    group = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    counted = claims.cluster({"InstanceGroups": [group]})
    assert counted == {code("cluster", "ml.m5.large"): 2, claims.CLUSTERS: 2}


def test_what_applies_in_a_region_binds_there(bench: Bench) -> None:
    values = {"*": {claims.NOTEBOOKS: 5.0}, REGION: {claims.NOTEBOOKS: 1.0}}
    bench.plane.admit = Limits(bench.plane, AppliedQuotas(values, raised_to=1000).value)
    bench.notebook("one")
    with pytest.raises(ApiError, match="is 1 NotebookInstances"):
        bench.notebook("two")
