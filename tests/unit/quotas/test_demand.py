"""What a workshop needs of each quota."""

from __future__ import annotations

from pathlib import Path

from modules.declarations import Expected, Module, Need
from quotas.catalog import PER_JOB, RUNNING_APPS, SPACES_GB, TOTALS, quota, type_quota
from quotas.demand import demand_in
from tests.factories import make_attendee, make_workshop
from workshop.model import Workshop

REGION = "us-east-1"
TRAIN = Need("training", "ml.m5.xlarge", 1)
SERVE = Need("endpoint", "ml.m5.large", 1)


def lab(*needs: Need, name: str = "lab") -> Module:
    return Module(name, "A lab", "things", 30, needs, Expected("x", 1), Path(), Path())


def needs(workshop: Workshop, *modules: Module, region: str = REGION) -> dict[str, int]:
    return {d.quota.name: d.need for d in demand_in(workshop, region, modules)}


def test_both_layers_are_needed_the_types_and_the_totals() -> None:
    needed = needs(make_workshop(["ann", "bob"]), lab(TRAIN, SERVE))

    assert needed == {
        "Total domains": 1,
        "Maximum number of Studio user profiles allowed per account": 2,
        "Maximum number of Studio spaces allowed per account": 2,
        "Total EBS volume size in GB across all Studio Spaces": 10,
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
        "Total EBS volume size in GB across all notebook instances": 5,
        "ml.t3.medium for notebook instance usage": 1,
    }


def test_each_region_needs_what_its_own_attendees_need() -> None:
    workshop = make_workshop(
        [make_attendee("ann"), make_attendee("bob"), make_attendee("eve", region="eu-west-1")]
    )

    assert needs(workshop, lab(TRAIN))["ml.m5.xlarge for training job usage"] == 2
    assert needs(workshop, lab(TRAIN), region="eu-west-1")["Total domains"] == 1
    assert set(needs(workshop, lab(TRAIN), region="ap-south-1").values()) == {0}


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


def test_modules_of_a_slot_run_at_the_same_time_so_they_add_up() -> None:
    first, second, third = (lab(TRAIN, name=name) for name in "abc")
    workshop = make_workshop(modules=("a", "b", "c"), schedule=(("a", "b"), ("c",)))

    assert needs(workshop, first, second, third)[quota(TOTALS["training"]).name] == 2


def test_headroom_is_counted_exactly_and_not_for_the_domain() -> None:
    """20 x 1.1 is 22; as floating point it would be a little more, and then 23."""
    people = [f"a{n:03}" for n in range(20)]

    needed = needs(make_workshop(people, headroom=0.1), lab(TRAIN))

    assert needed["ml.m5.xlarge for training job usage"] == 22
    assert needed[quota(SPACES_GB).name] == 110
    assert needed["Total domains"] == 1


def test_several_instances_may_be_one_job_s_and_meet_its_cap() -> None:
    needed = needs(make_workshop(["ann", "bob"]), lab(Need("training", "ml.m5.xlarge", 3)))

    assert needed[quota(PER_JOB["training"]).name] == 3


def test_a_mixed_class_needs_each_environment_for_its_share() -> None:
    workshop = make_workshop([make_attendee("ann"), make_attendee("bob", "notebook")])
    demands = {d.quota.name: d for d in demand_in(workshop, REGION, [lab(TRAIN)])}

    spaces = demands["Maximum number of Studio spaces allowed per account"]
    assert [spaces.need_of(n) for n in range(6)] == [0, 1, 1, 2, 2, 3]
    assert [spaces.capacity(free) for free in range(4)] == [0, 2, 4, 6]
    assert demands["ml.m5.xlarge for training job usage"].need == 2


def test_capacity_is_the_inverse_of_need() -> None:
    people = [make_attendee(f"a{n}", "studio" if n % 3 else "notebook") for n in range(7)]
    workshop = make_workshop(people, headroom=0.25)
    for demand in demand_in(workshop, REGION, [lab(TRAIN, SERVE)]):
        for free in range(60):
            carried = demand.capacity(free)
            if carried is not None:
                assert demand.need_of(carried) <= free
                assert demand.need_of(carried + 1) > free
