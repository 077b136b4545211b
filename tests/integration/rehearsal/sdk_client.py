"""A program that uses the SageMaker Python SDK v3 as its users do, and writes what it saw.

It knows nothing of the local AWS: the environment says where AWS is. Called with a JSON text of
what it may use and the path of the file for its findings: {section: what it saw}; a section that
broke has its traceback under "error" instead.
"""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sagemaker.core import resources
from sagemaker.core.resources import (
    Endpoint,
    Experiment,
    FeatureGroup,
    Model,
    ModelPackageGroup,
    Pipeline,
    TrainingJob,
)
from sagemaker.core.shapes import (
    AlgorithmSpecification,
    ContainerDefinition,
    FeatureDefinition,
    OnlineStoreConfig,
    OutputDataConfig,
    ResourceConfig,
    StoppingCondition,
)
from sagemaker.core.utils.exceptions import FailedStatusError, TimeoutExceededError

from tests.integration.rehearsal.sdk_jobs import (
    BUCKET,
    GIVEN,
    IMAGE,
    MADE,
    ROLE,
    Facts,
    code_of,
    deploy,
    role,
    train,
    transform,
)


def pages() -> Facts:
    """More resources than a page has, read by iterators that ask for page after page."""
    ascending = {"sort_by": "Name", "sort_order": "Ascending", "name_contains": "sdk-page"}
    in_service = Endpoint.get_all(status_equals="InService", **ascending)
    failed = Endpoint.get_all(status_equals="Failed", **ascending)
    return {
        "newest first": [m.model_name for m in Model.get_all(name_contains="sdk-page")],
        "by name": [m.model_name for m in Model.get_all(**ascending)],
        "in service": [endpoint.endpoint_name for endpoint in in_service],
        "failed": [endpoint.endpoint_name for endpoint in failed],
    }


def pipeline() -> Facts:
    token = "sdk-" + "0" * 40
    definition = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": []})
    made = Pipeline.create(
        pipeline_name="sdk-pipeline",
        client_request_token=token,
        role_arn=ROLE,
        pipeline_definition=definition,
    )
    made.wait_for_status("Active", poll=1)
    made.update(pipeline_description="changed")
    got = Pipeline.get(pipeline_name="sdk-pipeline")
    listed = [p.pipeline_name for p in Pipeline.get_all(pipeline_name_prefix="sdk")]
    got.delete(client_request_token=token)
    got.wait_for_delete(poll=1)
    return {
        "description": got.pipeline_description,
        "definition": got.pipeline_definition == definition,
        "listed": listed,
        "afterwards": code_of(got.refresh),
    }


def model_package_group() -> Facts:
    made = ModelPackageGroup.create(model_package_group_name="sdk-group")
    made.wait_for_status("Completed", poll=1)
    twice = code_of(lambda: ModelPackageGroup.create(model_package_group_name="sdk-group"))
    listed = [g.model_package_group_name for g in ModelPackageGroup.get_all(name_contains="sdk-")]
    made.delete()
    made.wait_for_delete(poll=1)
    return {"listed": listed, "twice": twice, "afterwards": code_of(made.refresh)}


def experiment() -> Facts:
    made = Experiment.create(experiment_name="sdk-experiment", description="first")
    made.update(description="second")
    got = Experiment.get(experiment_name="sdk-experiment")
    got.delete()
    return {"description": got.description, "afterwards": code_of(got.refresh)}


def feature_group() -> Facts:
    made = MADE["features"] = FeatureGroup.create(
        feature_group_name="sdk-features",
        record_identifier_feature_name="flower",
        event_time_feature_name="seen",
        feature_definitions=[
            FeatureDefinition(feature_name="flower", feature_type="String"),
            FeatureDefinition(feature_name="seen", feature_type="Fractional"),
        ],
        online_store_config=OnlineStoreConfig(enable_online_store=True),
        role_arn=ROLE,
    )
    made.wait_for_status("Created", poll=1)
    made.delete()
    return {"features": [definition.feature_name for definition in made.feature_definitions]}


def feature_group_deleted() -> Facts:
    """Deleting it takes long: looked at when the rest is done."""
    MADE["features"].wait_for_delete(poll=1)
    return {"afterwards": code_of(MADE["features"].refresh)}


def failures() -> Facts:
    """Waiting for what cannot come good, and the codes of what is refused."""
    job = TrainingJob.create(
        training_job_name="sdk-nobody",
        role_arn=ROLE,
        algorithm_specification=AlgorithmSpecification(
            training_image=GIVEN["image nobody has"], training_input_mode="File"
        ),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/out"),
        resource_config=ResourceConfig(
            instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=5
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    )
    facts: Facts = {}
    try:
        job.wait(poll=1)
    except FailedStatusError as error:
        facts["failed"] = str(error)
    model = Model.get(model_name="sdk-page-00")
    endpoint = Endpoint.get(endpoint_name="sdk-page-00")
    try:
        endpoint.wait_for_status("OutOfService", poll=1, timeout=1)
    except TimeoutExceededError as error:
        facts["too late"] = str(error)
    return {
        **facts,
        "missing job": code_of(lambda: TrainingJob.get(training_job_name="sdk-none")),
        "missing pipeline": code_of(lambda: Pipeline.get(pipeline_name="sdk-none")),
        "missing experiment": code_of(lambda: Experiment.get(experiment_name="sdk-none")),
        "missing model": code_of(lambda: Model.get(model_name="sdk-none")),
        "second model": code_of(
            lambda: Model.create(
                model_name=model.model_name,
                primary_container=ContainerDefinition(image=IMAGE),
                execution_role_arn=ROLE,
            )
        ),
        "bad name": code_of(lambda: Experiment.create(experiment_name="sdk_under_score")),
    }


def read(get_all: Callable[[], Any]) -> None:
    """Read a list to its end."""
    list(get_all())


def lists() -> Facts:
    """Which of the SDK's resources can be listed, of those that need nothing else for it."""
    codes: Facts = {}
    for name, found in vars(resources).items():
        get_all = getattr(found, "get_all", None) if inspect.isclass(found) else None
        if get_all is None:
            continue
        needs = inspect.signature(get_all).parameters.values()
        if all(p.default is not p.empty or p.kind is p.VAR_KEYWORD for p in needs):
            codes[name] = code_of(partial(read, get_all))
    return {"codes": codes}


def main() -> None:
    """Go through the sections; one that breaks does not keep the others from theirs."""
    found: Facts = {}
    for section in (
        role,
        feature_group,
        train,
        deploy,
        transform,
        pages,
        pipeline,
        model_package_group,
        experiment,
        failures,
        lists,
        feature_group_deleted,
    ):
        try:
            found[section.__name__] = section()
        except Exception:  # noqa: BLE001 - the test of the section shows it
            found[section.__name__] = {"error": traceback.format_exc()}
    Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
