"""What a workshop needs of each quota."""

from __future__ import annotations

from pathlib import Path

from modules.declarations import Expected, Module, Need
from quotas.catalog import RUNNING_APPS, TOTALS, quota, type_quota
from quotas.demand import demand_in
from tests.factories import make_attendee, make_workshop
from workshop.model import Workshop

REGION = "us-east-1"
TRAIN = Need("training", "ml.m5.xlarge", 1)
SERVE = Need("endpoint", "ml.m5.large", 1)


def lab(*needs: Need) -> Module:
    return Module("lab", "A lab", "things", 30, needs, Expected("x", 1), Path(), Path())


def needs(workshop: Workshop, *modules: Module, region: str = REGION) -> dict[str, int]:
    return {d.quota.name: d.need for d in demand_in(workshop, region, modules)}


def test_both_layers_are_needed_the_types_and_the_totals() -> None:
    needed = needs(make_workshop(["ann", "bob"]), lab(TRAIN, SERVE))

    assert needed == {
        "Total domains": 1,
        "Maximum number of Studio user profiles allowed per account": 2,
        "Maximum number of Studio spaces allowed per account": 2,
        "Maximum number of running Studio apps allowed per account": 2,
        "Studio JupyterLab Apps running on ml.t3.medium instances": 2,
        "ml.m5.xlarge for training job usage": 2,
        "Number of instances across all training jobs": 2,
        "ml.m5.large for endpoint usage": 2,
        "Number of instances across active endpoints": 2,
    }


def test_modules_are_run_one_after_the_other_so_the_peak_counts() -> None:
    big, small = lab(Need("training", "ml.m5.xlarge", 3)), lab(TRAIN)

    assert needs(make_workshop(), small, big)[quota(TOTALS["training"]).name] == 3


def test_types_of_one_module_add_up_in_the_total() -> None:
    needed = needs(make_workshop(), lab(TRAIN, Need("training", "ml.g5.xlarge", 2)))

    assert needed["ml.m5.xlarge for training job usage"] == 1
    assert needed["ml.g5.xlarge for training job usage"] == 2
    assert needed[quota(TOTALS["training"]).name] == 3


def test_an_existing_domain_takes_no_domain_slot() -> None:
    needed = needs(make_workshop(domains={REGION: "d-abc"}))

    assert "Total domains" not in needed
    assert needed[quota(RUNNING_APPS).name] == 1


def test_notebook_attendees_need_notebook_instances_and_nothing_of_studio() -> None:
    needed = needs(make_workshop([make_attendee("ann", "notebook")]))

    assert needed == {
        "Total number of notebook instances": 1,
        "ml.t3.medium for notebook instance usage": 1,
    }


def test_each_region_needs_what_its_own_attendees_need() -> None:
    workshop = make_workshop(
        [make_attendee("ann"), make_attendee("bob"), make_attendee("eve", region="eu-west-1")]
    )

    assert needs(workshop, lab(TRAIN))["ml.m5.xlarge for training job usage"] == 2
    assert needs(workshop, lab(TRAIN), region="eu-west-1")["Total domains"] == 1
    assert needs(workshop, lab(TRAIN), region="ap-south-1") == {}


def test_a_type_without_a_known_quota_is_still_demanded() -> None:
    (unknown,) = [
        d
        for d in demand_in(make_workshop(), REGION, [lab(Need("training", "ml.x9.huge", 1))])
        if not d.quota.code
    ]

    assert unknown.quota.name == "ml.x9.huge for training-job usage"


def test_the_table_knows_the_code_of_a_type_and_use() -> None:
    assert type_quota("endpoint", "ml.m5.xlarge").code == "L-2F737F8D"
    assert type_quota("studio", "ml.t3.medium").code == "L-71FAF417"
