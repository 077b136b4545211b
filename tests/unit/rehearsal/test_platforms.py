"""What is special to clusters, warm pools, feature groups, components and experiments."""

from __future__ import annotations

from typing import Any

from moto.glue.models import glue_backends
from moto.iam.models import iam_backends

from rehearsal.account import ACCOUNT
from rehearsal.sagemaker.kinds import BY_NAME
from rehearsal.sagemaker.resource import Outcome
from tests.unit.rehearsal.bench import REGION, Bench, Ended
from tests.unit.rehearsal.samples import NAME, Samples, request

WARM = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}


def cluster_with_role(bench: Bench, role: str) -> None:
    iam_backends[ACCOUNT]["aws"].create_role(role, "{}", "/", None, "", {}, "3600")
    [group] = request(BY_NAME["cluster"])["InstanceGroups"]
    group = {**group, "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    bench.call("CreateCluster", ClusterName=NAME, InstanceGroups=[group])
    bench.step(600)


def test_a_cluster_goes_while_its_role_is_there(bench: Bench) -> None:
    cluster_with_role(bench, "hyperpod-kept")
    bench.call("DeleteCluster", ClusterName=NAME)
    bench.step(300)
    assert bench.call("ListClusters")["ClusterSummaries"] == []


def test_a_cluster_whose_role_went_first_stays_in_deleting(bench: Bench) -> None:
    cluster_with_role(bench, "hyperpod-gone")
    bench.call("DeleteCluster", ClusterName=NAME)
    iam_backends[ACCOUNT]["aws"].delete_role("hyperpod-gone")
    bench.step(24 * 3600)
    assert bench.call("DescribeCluster", ClusterName=NAME)["ClusterStatus"] == "Deleting"


def warm_job(bench: Bench, seconds: int = 600) -> str:
    name = bench.training_job(ResourceConfig={**WARM, "KeepAlivePeriodInSeconds": seconds})
    bench.step(60)
    bench.found("training-job", name).activity = Ended(Outcome("Completed"))
    bench.step()
    return name


def pool(bench: Bench, name: str) -> Any:
    return bench.call("DescribeTrainingJob", TrainingJobName=name)["WarmPoolStatus"]


def test_a_warm_pool_bills_until_its_period_is_over(bench: Bench) -> None:
    name = warm_job(bench)
    bench.step(599)
    assert pool(bench, name)["Status"] == "Available"
    bench.step(1)
    assert pool(bench, name) == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 600,
    }


def test_a_job_whose_warm_pool_is_available_cannot_be_deleted(bench: Bench) -> None:
    name = warm_job(bench)
    assert bench.refusal("DeleteTrainingJob", TrainingJobName=name).code == "ResourceInUse"
    bench.call(
        "UpdateTrainingJob", TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
    )
    assert pool(bench, name)["Status"] == "Terminated"
    bench.call("DeleteTrainingJob", TrainingJobName=name)


def test_jobs_are_listed_by_the_state_of_their_warm_pool(bench: Bench) -> None:
    name = warm_job(bench)
    bench.training_job("ml101-ann-cold")
    listed = bench.call("ListTrainingJobs", WarmPoolStatusEquals="Available")
    assert [row["TrainingJobName"] for row in listed["TrainingJobSummaries"]] == [name]


def test_the_end_of_a_warm_pool_does_not_move_the_end_of_its_job(bench: Bench) -> None:
    name = warm_job(bench)
    before = bench.call("DescribeTrainingJob", TrainingJobName=name)["TrainingEndTime"]
    bench.step(600)
    after = bench.call("DescribeTrainingJob", TrainingJobName=name)["TrainingEndTime"]
    assert after == before


def test_the_glue_table_of_an_offline_store_outlives_its_feature_group(bench: Bench) -> None:
    store = {"S3StorageConfig": {"S3Uri": "s3://bucket/features"}}
    params = request(BY_NAME["feature-group"], FeatureGroupName="offline")
    bench.call("CreateFeatureGroup", **params, OfflineStoreConfig=store)
    bench.step(30)
    described = bench.call("DescribeFeatureGroup", FeatureGroupName="offline")
    table = described["OfflineStoreConfig"]["DataCatalogConfig"]["TableName"]
    bench.call("DeleteFeatureGroup", FeatureGroupName="offline")
    bench.step(600)
    assert bench.call("ListFeatureGroups")["FeatureGroupSummaries"] == []
    glue = glue_backends[ACCOUNT][REGION]
    assert table in glue.databases["sagemaker_featurestore"].tables


def test_an_endpoint_stays_while_it_has_an_inference_component(bench: Bench) -> None:
    samples = Samples(bench)
    samples.make("inference-component")
    refused = bench.refusal("DeleteEndpoint", EndpointName=NAME)
    assert "inference component ml101-ann uses it" in refused.message
    bench.call("DeleteInferenceComponent", InferenceComponentName=NAME)
    bench.settle()
    bench.step(60)
    bench.call("DeleteEndpoint", EndpointName=NAME)


def test_a_trial_stays_while_a_component_is_associated_with_it(bench: Bench) -> None:
    samples = Samples(bench)
    samples.make("trial")
    samples.make("trial-component")
    pair = {"TrialName": NAME, "TrialComponentName": NAME}
    bench.call("AssociateTrialComponent", **pair)
    assert "is associated" in bench.refusal("DeleteTrial", TrialName=NAME).message
    assert "is associated" in bench.refusal("DeleteTrialComponent", TrialComponentName=NAME).message
    assert bench.refusal("DeleteExperiment", ExperimentName=NAME).code == "ValidationException"
    bench.call("DisassociateTrialComponent", **pair)
    for kind, ids in (
        ("TrialComponent", {"TrialComponentName": NAME}),
        ("Trial", {"TrialName": NAME}),
        ("Experiment", {"ExperimentName": NAME}),
    ):
        bench.call(f"Delete{kind}", **ids)


def test_a_repeated_request_with_its_token_makes_nothing_twice(bench: Bench) -> None:
    params = request(BY_NAME["pipeline"])
    first = bench.call("CreatePipeline", **params)
    assert bench.call("CreatePipeline", **params) == first
    other = {**params, "PipelineDescription": "another"}
    assert "client token" in bench.refusal("CreatePipeline", **other).message
    assert len(bench.call("ListPipelines")["PipelineSummaries"]) == 1


def test_a_pipeline_stays_while_it_executes(bench: Bench) -> None:
    samples = Samples(bench)
    execution = samples.make("pipeline-execution")
    token = "x" * 40
    ids = {"PipelineName": NAME, "ClientRequestToken": token}
    assert "uses it" in bench.refusal("DeletePipeline", **ids).message
    bench.call("StopPipelineExecution", **execution, ClientRequestToken=token)
    bench.step(30)
    bench.call("DeletePipeline", **{**ids, "ClientRequestToken": "y" * 40})


def test_a_retired_instance_type_is_refused_where_it_is_asked_for(bench: Bench) -> None:
    refused = bench.refusal(
        "CreateTrainingJob",
        **request(
            BY_NAME["training-job"],
            ResourceConfig={**WARM, "InstanceType": "ml.p2.xlarge"},
        ),
    )
    assert "ml.p2.xlarge is not available for training" in refused.message
    t2 = {**request(BY_NAME["notebook-instance"]), "NotebookInstanceName": "old"}
    bench.call("CreateNotebookInstance", **{**t2, "InstanceType": "ml.t2.medium"})


def test_an_apps_activity_time_tells_nothing_about_people(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    bench.step(60)
    bench.step(48 * 3600)
    described = bench.call("DescribeApp", **app)
    assert described["LastUserActivityTimestamp"] == bench.clock.now()
