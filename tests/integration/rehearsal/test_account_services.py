"""Quotas, prices, the policy simulator, faults and the clock, as plain boto3 meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal import isolation
from rehearsal.processes import LocalAws

ROOT = Path(__file__).parents[3]
REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/ml101-ann"
NOTEBOOKS = "L-04CE2E67"
ENDPOINTS = "L-7A3DF611"

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def strict_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A local AWS with quotas from a file and a clock that only steps move."""
    directory: Path = tmp_path_factory.mktemp("strict-aws")
    quotas = directory / "quotas.yaml"
    quotas.write_text(f'"*":\n  {NOTEBOOKS}: 1\nus-east-1:\n  {NOTEBOOKS}: 2\n')
    options = ["--quotas", str(quotas), "--clock", "stepped"]
    aws = LocalAws(directory / "aws", isolation.without_aws(os.environ), options=options)
    yield aws.url
    aws.close()


@pytest.fixture
def strict(strict_url: str) -> Iterator[Client]:
    """Make clients of it that try once, or as often as asked for."""

    def make(service: str, region: str = REGION, attempts: int = 1) -> Any:
        session = boto3.Session("local", "local", region_name=region)
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"},
        )
        return session.client(service, endpoint_url=strict_url, config=config)

    yield make
    ask(strict_url, "faults", "DELETE")


def ask(url: str, page: str, method: str = "GET", body: Any = None) -> Any:
    """The decoded answer of a page below /_local/; of a refusal, its message."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/_local/{page}", data=data, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)["message"]


def code_of(call: Callable[..., Any], **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    code: str = caught.value.response["Error"]["Code"]
    return code


def notebook(sagemaker: Any, name: str) -> None:
    sagemaker.create_notebook_instance(
        NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE
    )


# -- quotas ----------------------------------------------------------------------------------


def test_every_raised_quota_is_listed_page_by_page(client: Client) -> None:
    pages = client("service-quotas").get_paginator("list_service_quotas")
    quotas = [q for page in pages.paginate(ServiceCode="sagemaker") for q in page["Quotas"]]
    assert len({q["QuotaCode"] for q in quotas}) == len(quotas) == 1715
    assert min(q["Value"] for q in quotas) == 1000


def test_a_create_call_that_passes_a_quota_is_refused(strict: Client) -> None:
    sagemaker = strict("sagemaker", "us-east-1")
    notebook(sagemaker, "one")
    notebook(sagemaker, "two")
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded) as caught:
        notebook(sagemaker, "three")
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Message"].startswith(
        "The account-level service limit 'Total number of notebook instances' is 2 "
        "NotebookInstances, with current utilization of 2 NotebookInstances and a request delta "
        "of 1 NotebookInstances."
    )


def test_an_increase_that_is_approved_lets_the_next_create_call_pass(
    strict: Client, strict_url: str
) -> None:
    sagemaker, quotas = strict("sagemaker"), strict("service-quotas")
    notebook(sagemaker, "one")
    assert code_of(lambda: notebook(sagemaker, "two")) == "ResourceLimitExceeded"
    wanted = {"ServiceCode": "sagemaker", "QuotaCode": NOTEBOOKS}
    made = quotas.request_service_quota_increase(**wanted, DesiredValue=2)["RequestedQuota"]
    assert made["Status"] == "PENDING"
    with pytest.raises(quotas.exceptions.ResourceAlreadyExistsException):
        quotas.request_service_quota_increase(**wanted, DesiredValue=2)
    assert code_of(lambda: notebook(sagemaker, "two")) == "ResourceLimitExceeded"
    ask(strict_url, "clock", "POST", {"seconds": 1800})
    answer = quotas.get_requested_service_quota_change(RequestId=made["Id"])
    assert answer["RequestedQuota"]["Status"] == "APPROVED"
    assert quotas.get_service_quota(**wanted)["Quota"]["Value"] == 2
    notebook(sagemaker, "two")
    history = quotas.get_paginator("list_requested_service_quota_change_history_by_quota")
    ids = [r["Id"] for page in history.paginate(**wanted) for r in page["RequestedQuotas"]]
    assert ids == [made["Id"]]


def test_a_quota_that_is_not_known_is_no_such_resource(strict: Client) -> None:
    quotas = strict("service-quotas")
    with pytest.raises(quotas.exceptions.NoSuchResourceException):
        quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-6BC1B1A9")
    default = quotas.get_aws_default_service_quota(ServiceCode="sagemaker", QuotaCode=ENDPOINTS)
    assert default["Quota"]["Value"] == 4


@pytest.mark.parametrize("option", ["--quotas", "--faults"])
@pytest.mark.parametrize(
    "command",
    [["-m", "rehearsal.server"], ["-m", "workshop.cli.main", "local-aws"]],
    ids=["server", "local-aws"],
)
def test_a_bad_file_ends_the_local_aws_with_an_explanation(
    tmp_path: Path, command: list[str], option: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("- fault: explode\n")
    finished = subprocess.run(
        [sys.executable, *command, option, str(path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 2
    assert str(path) in finished.stderr
    assert "why: " in finished.stderr
    assert "fix: " in finished.stderr
    assert "Traceback" not in finished.stderr


# -- prices ----------------------------------------------------------------------------------


def test_a_price_is_found_as_the_price_list_is_asked(client: Client) -> None:
    fields = {"regionCode": "us-east-1", "instanceName": "ml.m5.xlarge", "component": "Hosting"}
    filters = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in fields.items()]
    pages = client("pricing", "us-east-1").get_paginator("get_products")
    found = [
        json.loads(entry)
        for page in pages.paginate(ServiceCode="AmazonSageMaker", Filters=filters)
        for entry in page["PriceList"]
    ]
    [product] = found
    [term] = product["terms"]["OnDemand"].values()
    [dimension] = term["priceDimensions"].values()
    assert (dimension["unit"], float(dimension["pricePerUnit"]["USD"])) == ("Hrs", 0.23)
    assert product["product"]["attributes"]["testData"].startswith("not an AWS price")


# -- the policy simulator --------------------------------------------------------------------


def test_a_role_is_simulated_as_the_sagemaker_sdk_asks(client: Client) -> None:
    iam = client("iam", "us-east-1")
    name = f"ml101-{uuid.uuid4().hex[:8]}"
    trust = {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::mine/*"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))

    def decided(bucket: str) -> str:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=role["Arn"],
            ActionNames=["s3:PutObject"],
            ResourceArns=[f"arn:aws:s3:::{bucket}/*"],
        )
        decision: str = answer["EvaluationResults"][0]["EvalDecision"]
        return decision

    assert (decided("mine"), decided("theirs")) == ("allowed", "implicitDeny")
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role["Arn"], ActionNames=["s3:ListAllMyBuckets", "ec2:DescribeVpcs"]
    )
    results = [result for page in pages for result in page["EvaluationResults"]]
    assert [r["EvalDecision"] for r in results] == ["implicitDeny", "implicitDeny"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.simulate_principal_policy(
            PolicySourceArn=f"{role['Arn']}-not-there", ActionNames=["s3:PutObject"]
        )


# -- faults ----------------------------------------------------------------------------------


def test_faults_reach_our_own_services_and_those_that_moto_answers(
    strict: Client, strict_url: str
) -> None:
    ask(strict_url, "faults", "POST", [{"fault": "throttle"}])
    assert code_of(strict("sagemaker").list_notebook_instances) == "ThrottlingException"
    assert code_of(strict("s3").list_buckets) == "SlowDown"
    assert code_of(strict("iam").list_roles) == "Throttling"
    assert code_of(strict("ec2").describe_vpcs) == "RequestLimitExceeded"
    assert code_of(strict("service-quotas").list_services) == "TooManyRequestsException"
    assert code_of(strict("cloudformation").list_stacks) == "Throttling"
    assert [rule["hits"] for rule in ask(strict_url, "faults")] == [6]
    ask(strict_url, "faults", "DELETE")
    strict("sagemaker").list_notebook_instances()


def test_a_client_that_retries_gets_through(strict: Client, strict_url: str) -> None:
    ask(strict_url, "faults", "POST", [{"fault": "error500", "first": 1}])
    strict("sagemaker", attempts=3).list_notebook_instances()
    assert ask(strict_url, "faults")[0]["hits"] == 1


def test_one_operation_of_a_rest_service_can_be_refused(strict: Client, strict_url: str) -> None:
    rule = {"fault": "refuse", "service": "s3", "operation": "PutObject", "resource": "secret"}
    s3 = strict("s3")
    s3.create_bucket(Bucket="faulty", CreateBucketConfiguration={"LocationConstraint": REGION})
    ask(strict_url, "faults", "POST", [rule])
    assert code_of(s3.put_object, Bucket="faulty", Key="secret/x", Body=b"1") == "AccessDenied"
    s3.put_object(Bucket="faulty", Key="open/x", Body=b"1")


def test_bad_rules_are_refused_with_a_reason(strict_url: str) -> None:
    assert "rule 1: fault 'explode'" in ask(strict_url, "faults", "POST", [{"fault": "explode"}])


# -- the clock -------------------------------------------------------------------------------


def test_states_move_when_the_clock_is_stepped(strict: Client, strict_url: str) -> None:
    sagemaker = strict("sagemaker", "us-west-2")
    notebook(sagemaker, "stepped")

    def status() -> str:
        described = sagemaker.describe_notebook_instance(NotebookInstanceName="stepped")
        found: str = described["NotebookInstanceStatus"]
        return found

    before = ask(strict_url, "clock")
    assert before["kind"] == "stepped"
    assert status() == "Pending"
    assert ask(strict_url, "clock") == before, "it stands still"
    after = ask(strict_url, "clock", "POST", {"seconds": 3600})
    assert after["now"] == before["now"] + 3600
    assert status() == "InService"


def test_a_scaled_clock_cannot_be_stepped(aws_url: str) -> None:
    assert ask(aws_url, "clock")["kind"] == "scaled"
    assert "--clock stepped" in ask(aws_url, "clock", "POST", {"seconds": 1})
