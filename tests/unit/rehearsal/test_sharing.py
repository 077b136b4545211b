"""What resources have in common is held once, and nobody changes it for the others."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.sagemaker.sharing import shared
from tests.unit.rehearsal.bench import Bench


def test_jobs_hold_what_they_have_in_common_once(bench: Bench) -> None:
    for name in ("first", "second"):
        bench.training_job(name, HyperParameters={"eta": "0.2"})

    first, second = (bench.found("training-job", name).fields for name in ("first", "second"))

    for member in ("ResourceConfig", "HyperParameters", "OutputDataConfig", "RoleArn"):
        assert first[member] is second[member]


def test_an_update_of_one_resource_leaves_the_other_as_it_was(bench: Bench) -> None:
    properties = {"owner": "ann", "stage": "test"}
    first, second = (
        bench.call(
            "CreateArtifact",
            ArtifactName=name,
            ArtifactType="data",
            Source={"SourceUri": f"s3://bucket/{name}"},
            Properties=properties,
        )["ArtifactArn"]
        for name in ("first", "second")
    )

    bench.call("UpdateArtifact", ArtifactArn=first, PropertiesToRemove=["stage"])

    assert bench.call("DescribeArtifact", ArtifactArn=first)["Properties"] == {"owner": "ann"}
    assert bench.call("DescribeArtifact", ArtifactArn=second)["Properties"] == properties


def test_a_request_may_be_changed_after_the_resource_is_made() -> None:
    request: dict[str, Any] = {"Tags": [{"Key": "a", "Value": "b"}]}
    held = shared(request)

    request["Tags"].clear()

    assert held == {"Tags": [{"Key": "a", "Value": "b"}]}


def test_a_shared_value_can_be_replaced_but_not_changed() -> None:
    held = shared({"ResourceConfig": {"Groups": [{"InstanceCount": 1}]}})

    with pytest.raises(TypeError, match="replace it"):
        held["ResourceConfig"]["VolumeSizeInGB"] = 5
    with pytest.raises(TypeError, match="replace it"):
        held["ResourceConfig"]["Groups"].append({})
    with pytest.raises(TypeError, match="replace it"):
        held["ResourceConfig"]["Groups"][0].pop("InstanceCount")

    held["ResourceConfig"] = {"VolumeSizeInGB": 5}
    assert held == {"ResourceConfig": {"VolumeSizeInGB": 5}}


def test_what_json_cannot_say_is_held_as_it_is() -> None:
    value = {"Bytes": b"x"}

    assert shared({"Blob": value})["Blob"] is value
