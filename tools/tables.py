"""The tables in workshop/data/, derived from what botocore, cfn-lint and the modules say."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import boto3
import botocore.session

from modules.declarations import load_modules

# What an attendee's environment of a kind is made of, in CloudFormation's types.
ENVIRONMENT_TYPES = {
    "studio": (
        "AWS::SageMaker::Domain",
        "AWS::SageMaker::UserProfile",
        "AWS::SageMaker::Space",
        "AWS::SageMaker::StudioLifecycleConfig",
    ),
    "notebook": (
        "AWS::SageMaker::NotebookInstance",
        "AWS::SageMaker::NotebookInstanceLifecycleConfig",
    ),
}
# What builds an attendee's container images.
IMAGE_BUILD_TYPE = "AWS::CodeBuild::Project"
# Use -> the shape of SageMaker's API whose enum lists the instance types of that use.
INSTANCE_TYPE_SHAPES = {
    "studio": "AppInstanceType",
    "notebook": "InstanceType",
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}
# Use -> cfn-lint's table of what is sold for it where.
OFFERS = {
    "processing": "aws_sagemaker_processing",
    "transform": "aws_sagemaker_transform",
    "endpoint": "aws_sagemaker_hosting",
}


def region_table() -> dict[str, list[str] | None]:
    """Map each of SageMaker's regions to the environments CloudFormation can make there.

    The regions come from botocore's endpoints, in all partitions; the types from cfn-lint's
    provider schemas. A region that cfn-lint has no schema of maps to None: not known.
    """
    session = boto3.Session()
    regions = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("sagemaker", partition_name=partition)
    ]
    return {region: _environments_in(region) for region in sorted(regions)}


def _types_in(region: str) -> frozenset[str] | None:
    schema = files("cfnlint") / "data" / "schemas" / "providers" / f"{region}.json"
    return frozenset(json.loads(schema.read_text(encoding="utf-8"))) if schema.is_file() else None


def _environments_in(region: str) -> list[str] | None:
    offered = _types_in(region)
    if offered is None:
        return None
    return [
        environment
        for environment, types in ENVIRONMENT_TYPES.items()
        if all(name in offered for name in types)
    ]


def instance_type_table() -> dict[str, list[str]]:
    """Map each use to the instance types of botocore's enum, sorted.

    `system`, which AppInstanceType has for Canvas and the Jupyter server, is no machine an
    attendee can choose.
    """
    model = botocore.session.get_session().get_service_model("sagemaker")
    return {
        use: sorted(name for name in model.shape_for(shape).enum if name.startswith("ml."))
        for use, shape in INSTANCE_TYPE_SHAPES.items()
    }


def offer_table() -> dict[str, dict[str, Any]]:
    """Map each use to the regions of cfn-lint's table, and each of its types to those among
    them where it is not sold.

    cfn-lint makes its tables of the price list; there are none for training, notebook
    instances and Studio.
    """
    return {use: _offers(name) for use, name in OFFERS.items()}


def _offers(name: str) -> dict[str, Any]:
    source = files("cfnlint") / "data/schemas/extensions" / name / "instancetype_enum.json"
    table = json.loads(source.read_text(encoding="utf-8"))
    sold = {region: set(row["enum"]) for region, row in table.items() if "enum" in row}
    return {
        "regions": sorted(sold),
        "not_sold_in": {
            instance_type: sorted(r for r, types in sold.items() if instance_type not in types)
            for instance_type in sorted(set().union(*sold.values()))
        },
    }


def module_table() -> dict[str, list[dict[str, Any]]]:
    """Map each module to the instances it declares.

    A copy, because the configuration stands below the modules and may not import them.
    """
    return {
        name: [
            {"use": need.use, "instance_type": need.instance_type, "count": need.count}
            for need in module.needs
        ]
        for name, module in load_modules().items()
    }


def prerequisite_table() -> dict[str, list[str]]:
    """Map each module to those that it builds on. A copy, as the table of modules."""
    return {name: list(module.prerequisites) for name, module in load_modules().items()}


def image_build_table() -> dict[str, list[str]]:
    """The modules in which attendees build container images, and the regions, among those that
    have environments, in which CloudFormation cannot make what builds them.

    The modules are a copy, as the table of modules; the regions are cfn-lint's, as of the table
    of regions.
    """
    return {
        "modules": [name for name, module in load_modules().items() if module.builds_images],
        "not_in": [
            region
            for region, environments in region_table().items()
            if environments and IMAGE_BUILD_TYPE not in (_types_in(region) or ())
        ],
    }
