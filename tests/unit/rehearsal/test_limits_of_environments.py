"""Quotas that bind what attendees work in: notebook instances and Studio."""

from __future__ import annotations

import pytest

from rehearsal.errors import ApiError
from rehearsal.quotas import catalog, claims
from rehearsal.quotas.applied import AppliedQuotas
from rehearsal.quotas.limits import Limits
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.stacks import Stacks, notebook
from tests.unit.rehearsal.test_limits import code, delta, limit


@pytest.fixture
def strict(bench: Bench) -> Bench:
    """An account with AWS's defaults."""
    bench.plane.admit = Limits(bench.plane, AppliedQuotas().value)
    return bench


# -- notebooks -------------------------------------------------------------------------------


def test_a_stopped_notebook_counts_in_all_but_not_by_type(bench: Bench) -> None:
    of_type = code("notebook-instance", "ml.t3.medium")
    limit(bench, {of_type: 1, claims.NOTEBOOKS: 2})
    bench.notebook("one")
    with pytest.raises(ApiError, match=r"ml\.t3\.medium for notebook instance usage' is 1"):
        bench.notebook("two")
    bench.step(600)
    bench.call("StopNotebookInstance", NotebookInstanceName="one")
    bench.step(600)
    bench.notebook("two")
    limit(bench, {claims.NOTEBOOKS: 2})
    with pytest.raises(ApiError, match="Total number of notebook instances' is 2 Notebook"):
        bench.notebook("three")


def test_starting_a_stopped_notebook_needs_its_type_again(bench: Bench) -> None:
    limit(bench, {code("notebook-instance", "ml.t3.medium"): 1, claims.NOTEBOOKS: 2})
    bench.notebook("one")
    bench.step(600)
    bench.call("StopNotebookInstance", NotebookInstanceName="one")
    bench.step(600)
    start = {"NotebookInstanceName": "one"}
    bench.plane.admit("notebook-instance", REGION, start)
    bench.notebook("two")
    with pytest.raises(ApiError, match=r"ml\.t3\.medium for notebook instance usage"):
        bench.plane.admit("notebook-instance", REGION, start)


# -- Studio ----------------------------------------------------------------------------------


def test_domains_are_two_and_a_failed_one_counts(strict: Bench) -> None:
    strict.domain("one")
    second = strict.domain("two")
    strict.found("domain", second).status = "Failed"
    with pytest.raises(ApiError) as caught:
        strict.domain("three")
    assert delta(caught.value) == (
        "'Total domains' is 2 Domains, with current utilization of 2 Domains and a request "
        "delta of 1 Domains"
    )


def test_user_profiles_are_two_by_default(strict: Bench) -> None:
    domain = strict.domain()
    strict.profile(domain, "ann")
    strict.profile(domain, "bob")
    with pytest.raises(ApiError, match="user profiles allowed per account' is 2"):
        strict.profile(domain, "eve")


def test_spaces_and_their_gigabytes_are_counted(bench: Bench) -> None:
    limit(bench, {claims.SPACES: 2, claims.SPACES_GB: 9})
    domain = bench.domain()
    bench.profile(domain)
    bench.space(domain, "one")
    with pytest.raises(ApiError) as caught:
        bench.space(domain, "two")
    assert delta(caught.value) == (
        "'Total EBS volume size in GB across all Studio Spaces' is 9 Gigabytes, with current "
        "utilization of 5 Gigabytes and a request delta of 5 Gigabytes"
    )
    limit(bench, {claims.SPACES: 1})
    with pytest.raises(ApiError, match="Studio spaces allowed per account' is 1"):
        bench.space(domain, "two")


def test_growing_a_space_s_volume_is_asked_for_the_difference(bench: Bench) -> None:
    domain = bench.studio()
    limit(bench, {claims.SPACES_GB: 10})

    def grow(size: int) -> None:
        storage = {"EbsStorageSettings": {"EbsVolumeSizeInGb": size}}
        bench.plane.admit(
            "space",
            REGION,
            {
                "DomainId": domain,
                "SpaceName": "ml101-ann",
                "SpaceSettings": {"SpaceStorageSettings": storage},
            },
        )

    grow(10)
    with pytest.raises(ApiError, match="utilization of 5 Gigabytes and a request delta of 6"):
        grow(11)


def test_apps_are_bound_by_type_and_in_all(bench: Bench) -> None:
    domain = bench.studio()
    limit(bench, {code("jupyterlab-app", "ml.t3.medium"): 0})
    with pytest.raises(ApiError) as caught:
        bench.app(domain)
    assert delta(caught.value).startswith(
        "'Studio JupyterLab Apps running on ml.t3.medium instances' is 0 Apps"
    )
    limit(bench, {claims.APPS: 0})
    with pytest.raises(ApiError, match="running Studio apps allowed per account' is 0 Apps"):
        bench.app(domain)
    limit(bench, {claims.APPS: 1})
    bench.app(domain)


def test_a_deleted_app_is_listed_but_holds_nothing(bench: Bench) -> None:
    domain = bench.studio()
    limit(bench, {claims.APPS: 1})
    app = bench.app(domain)
    bench.step(120)
    bench.call("DeleteApp", **app)
    bench.step(120)
    bench.app(domain)
    bench.space(domain, "ml101-bob")
    with pytest.raises(ApiError, match="running Studio apps"):
        bench.app(domain, "ml101-bob")


@pytest.mark.parametrize(
    ("app_type", "instance_type", "quota"),
    [
        ("JupyterLab", "ml.m5.large", "Studio JupyterLab Apps running on ml.m5.large instances"),
        ("CodeEditor", "ml.m5.large", "Studio CodeEditor Apps running on ml.m5.large instances"),
        (
            "KernelGateway",
            "ml.m5.large",
            "Studio KernelGateway Apps running on ml.m5.large instance",
        ),
        ("Canvas", "system", "Canvas Apps running on system instances"),
        ("JupyterServer", "system", "Studio Jupyter Apps running on system instances"),
    ],
)
def test_each_type_of_app_has_its_quotas(app_type: str, instance_type: str, quota: str) -> None:
    counted = claims.app({"AppType": app_type, "ResourceSpec": {"InstanceType": instance_type}})
    [of_type] = [c for c in counted if c != claims.APPS]
    assert catalog.by_code()[of_type].name == quota


def test_a_stack_that_passes_a_quota_fails_in_aws_s_words(bench: Bench, stacks: Stacks) -> None:
    limit(bench, {claims.NOTEBOOKS: 0})
    assert stacks.create("ml101-ann", {"Notebook": notebook()}) == "ROLLBACK_COMPLETE"
    reasons = str(stacks.reasons("ml101-ann", "CREATE_FAILED"))
    assert "'Total number of notebook instances' is 0 NotebookInstances" in reasons
