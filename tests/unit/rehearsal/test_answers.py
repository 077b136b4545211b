"""Every operation that is answered, answered as botocore's output shapes say."""

from __future__ import annotations

from rehearsal.sagemaker.kinds import KINDS
from tests.unit.rehearsal.bench import LONG_ENOUGH, ROLE, Bench, base64_of


def test_every_operation_answers_in_the_shape_that_botocore_declares(bench: Bench) -> None:
    domain = bench.studio()
    use_studio(bench, domain)
    use_notebooks(bench)
    use_hosting(bench)
    use_jobs(bench)
    for kind in KINDS:
        bench.call(f"List{kind.plural}")
    delete_studio(bench, domain)
    assert set(bench.plane.operations) == bench.called


def use_studio(bench: Bench, domain: str) -> None:
    profile = {"DomainId": domain, "UserProfileName": "ml101-ann"}
    bench.call("CreateStudioLifecycleConfig", **lifecycle_config())
    bench.call("DescribeStudioLifecycleConfig", StudioLifecycleConfigName="boot")
    bench.call("DeleteStudioLifecycleConfig", StudioLifecycleConfigName="boot")
    bench.call("DescribeDomain", DomainId=domain)
    bench.call("UpdateDomain", DomainId=domain, DefaultUserSettings={"ExecutionRole": ROLE})
    bench.call("DescribeUserProfile", **profile)
    bench.call("UpdateUserProfile", **profile, UserSettings={"ExecutionRole": ROLE})
    bench.call("DescribeSpace", DomainId=domain, SpaceName="ml101-ann")
    bench.call("UpdateSpace", DomainId=domain, SpaceName="ml101-ann", SpaceDisplayName="ann")
    bench.call("CreatePresignedDomainUrl", **profile)
    bench.app(domain)
    arn = bench.found("domain", domain).arn
    bench.call("AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    bench.call("ListTags", ResourceArn=arn)
    bench.call("DeleteTags", ResourceArn=arn, TagKeys=["a"])


def delete_studio(bench: Bench, domain: str) -> None:
    app = {
        "DomainId": domain,
        "SpaceName": "ml101-ann",
        "AppType": "JupyterLab",
        "AppName": "default",
    }
    bench.call("DescribeApp", **app)
    bench.call("DeleteApp", **app)
    bench.step(60)
    bench.call("DeleteSpace", DomainId=domain, SpaceName="ml101-ann")
    bench.step(60)
    bench.call("DeleteUserProfile", DomainId=domain, UserProfileName="ml101-ann")
    bench.step(60)
    bench.call("DeleteDomain", DomainId=domain)
    bench.step(LONG_ENOUGH)
    assert bench.call("ListDomains")["Domains"] == []


def use_notebooks(bench: Bench) -> None:
    config = {"NotebookInstanceLifecycleConfigName": "boot"}
    bench.call("CreateNotebookInstanceLifecycleConfig", **config)
    bench.call("DescribeNotebookInstanceLifecycleConfig", **config)
    bench.call("UpdateNotebookInstanceLifecycleConfig", **config, OnStart=[])
    bench.call("DeleteNotebookInstanceLifecycleConfig", **config)
    name = {"NotebookInstanceName": bench.notebook()}
    bench.step(120)
    bench.call("CreatePresignedNotebookInstanceUrl", **name)
    bench.call("StopNotebookInstance", **name)
    bench.step(60)
    bench.call("UpdateNotebookInstance", **name, InstanceType="ml.t3.large")
    bench.step(60)
    bench.call("StartNotebookInstance", **name)
    bench.step(120)
    bench.call("StopNotebookInstance", **name)
    bench.step(60)
    bench.call("DescribeNotebookInstance", **name)
    bench.call("DeleteNotebookInstance", **name)


def use_hosting(bench: Bench) -> None:
    name, _ = bench.endpoint()
    bench.call("DescribeModel", ModelName=name)
    bench.call("DescribeEndpointConfig", EndpointConfigName=name)
    bench.call("DescribeEndpoint", EndpointName=name)
    other = bench.endpoint_config("ml101-ann-other", name)
    bench.call("UpdateEndpoint", EndpointName=name, EndpointConfigName=other)
    bench.put_in_service(name)
    bench.call("DeleteEndpoint", EndpointName=name)
    bench.settle()
    bench.step(60)
    bench.call("DeleteEndpointConfig", EndpointConfigName=other)
    bench.call("DeleteModel", ModelName=name)


def use_jobs(bench: Bench) -> None:
    train, process = bench.training_job(), bench.processing_job()
    batch = bench.transform_job(bench.model("ml101-ann-for-batch"))
    bench.call("UpdateTrainingJob", TrainingJobName=train)
    for operation, field, name in (
        ("TrainingJob", "TrainingJobName", train),
        ("ProcessingJob", "ProcessingJobName", process),
        ("TransformJob", "TransformJobName", batch),
    ):
        bench.call(f"Stop{operation}", **{field: name})
        bench.step()
        assert bench.call(f"Describe{operation}", **{field: name})[f"{operation}Status"] == (
            "Stopped"
        )
        if operation != "TransformJob":
            bench.call(f"Delete{operation}", **{field: name})


def lifecycle_config() -> dict[str, str]:
    return {
        "StudioLifecycleConfigName": "boot",
        "StudioLifecycleConfigContent": base64_of("#!/bin/bash\n"),
        "StudioLifecycleConfigAppType": "JupyterLab",
    }
