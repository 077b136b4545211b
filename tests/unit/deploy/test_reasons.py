"""What AWS says when a stack fails, told in one line. The wordings are AWS's own."""

from __future__ import annotations

import pytest

from deploy.reasons import explain

USER = "User: arn:aws:sts::111111111111:assumed-role/teacher/ann"
EXCEEDED = (
    "The account-level service limit 'ml.t3.medium for notebook instance usage' is 2 Instances, "
    "with current utilization of 2 Instances and a request delta of 1 Instances. Please contact "
    "AWS support to request an increase for this limit."
)


def handler(message: str, code: str) -> str:
    """As CloudFormation tells what a resource's handler said."""
    return (
        f'Resource handler returned message: "{message}" (RequestToken: '
        f"2b638011-e623-61e1-79ec-578bb620ace0, HandlerErrorCode: {code})"
    )


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        pytest.param(
            f"AWS::SageMaker::NotebookInstance Instance: {EXCEEDED}",
            "quota: ml.t3.medium for notebook instance usage is 2, 2 in use, 1 more asked for; "
            "see workshop check",
            id="quota",
        ),
        pytest.param(
            "AWS::SageMaker::NotebookInstance I: The account- service limit 'Total number of "
            "notebook instances' is 8 NotebookInstances, with current utilization of 16 "
            "NotebookInstances and a request delta of 1 NotebookInstances.",
            "quota: Total number of notebook instances is 8, 16 in use, 1 more asked for; "
            "see workshop check",
            id="quota, older words",
        ),
        pytest.param(
            "AWS::EC2::VPC Vpc: "
            + handler(
                "The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400, "
                "Request ID: f43)",
                "ServiceLimitExceeded",
            ),
            "quota: The maximum number of VPCs has been reached. (AWS::EC2::VPC Vpc)",
            id="VPCs",
        ),
        pytest.param(
            "Cannot exceed quota for RolesPerAccount: 1000 (Service: AmazonIdentityManagement; "
            "Status Code: 409; Error Code: LimitExceeded; Request ID: x; Proxy: null)",
            "quota: Cannot exceed quota for RolesPerAccount: 1000",
            id="roles",
        ),
        pytest.param(
            "AWS::EC2::Subnet S: " + handler("You have too many of these", "ServiceLimitExceeded"),
            "quota: AWS::EC2::Subnet S: You have too many of these",
            id="a quota by its code alone",
        ),
        pytest.param(
            "AWS::S3::Bucket Storage: "
            + handler(
                "Resource of type 'AWS::S3::Bucket' with identifier 'ml101-1' already exists.",
                "AlreadyExists",
            ),
            "name taken: ml101-1 already exists (AWS::S3::Bucket Storage)",
            id="name",
        ),
        pytest.param(
            "AWS::S3::Bucket Storage: ml101-111111111111-us-east-1 already exists",
            "name taken: ml101-111111111111-us-east-1 already exists (AWS::S3::Bucket Storage)",
            id="bucket",
        ),
        pytest.param(
            "AWS::S3::Bucket Storage: The requested bucket name is not available. The bucket "
            "namespace is shared by all users of the system. Please select a different name and "
            "try again. (Service: Amazon S3; Status Code: 409; Error Code: BucketAlreadyExists; "
            "Request ID: X; S3 Extended Request ID: Y; Proxy: null)",
            "name taken: The requested bucket name is not available. The bucket namespace is "
            "shared by all users of the system. Please select a different name and try again. "
            "(AWS::S3::Bucket Storage)",
            id="somebody else's bucket",
        ),
        pytest.param(
            "Stack [ml101-ann] already exists",
            "name taken: Stack [ml101-ann] already exists",
            id="stack",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: cloudformation:CreateStack on resource: "
            "arn:aws:cloudformation:us-east-1:111111111111:stack/ml101-ann/*",
            "permission missing: cloudformation:CreateStack",
            id="permission",
        ),
        pytest.param(
            "AWS::IAM::Role Role: API: iam:CreateRole " + USER + " is not authorized to perform: "
            "iam:CreateRole on resource: arn:aws:iam::111111111111:role/ml101-ann because no "
            "identity-based policy allows the iam:CreateRole action (Service: "
            "AmazonIdentityManagement; Status Code: 403; Error Code: AccessDenied; Request ID: x)",
            "permission missing: iam:CreateRole (AWS::IAM::Role Role)",
            id="permission of a resource",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: sagemaker:CreateUserProfile on resource: arn "
            "because no permissions boundary allows the sagemaker:CreateUserProfile action",
            "permission missing: sagemaker:CreateUserProfile, which the permissions boundary does "
            "not allow",
            id="boundary",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: codebuild:CreateProject on resource: arn with "
            "an explicit deny in a service control policy (Service: AWSCodeBuild; Status Code: "
            "400; Error Code: AccessDeniedException; Request ID: 9afc; Proxy: null)",
            "permission missing: codebuild:CreateProject, which a service control policy denies",
            id="service control policy",
        ),
        pytest.param(
            "AWS::EC2::VPC Vpc: API: ec2:CreateVpc You are not authorized to perform this "
            "operation.",
            "permission missing: ec2:CreateVpc (AWS::EC2::VPC Vpc)",
            id="EC2",
        ),
        pytest.param(
            "You are not authorized to perform this operation. Encoded authorization failure "
            "message: 0l-KPWQJ8q5z3YatP3Ybgb5lf",
            "permission missing: aws sts decode-authorization-message says which",
            id="encoded",
        ),
        pytest.param(
            "AWS::S3::Bucket Storage: Access Denied (Service: Amazon S3; Status Code: 403; Error "
            "Code: AccessDenied; Request ID: X)",
            "permission missing: AWS does not say which: Access Denied (AWS::S3::Bucket Storage)",
            id="without an action",
        ),
        pytest.param(
            "Rate exceeded",
            "throttled: AWS was asked too often; run workshop deploy again",
            id="throttled",
        ),
        pytest.param(
            "Export ml101-shared-domain cannot be deleted as it is in use by ml101-ann",
            "export in use: ml101-ann still import ml101-shared-domain",
            id="export",
        ),
        pytest.param(
            "Delete canceled. Cannot delete export ml101-shared-domain as it is in use by "
            "ml101-ann, ml101-bob.",
            "export in use: ml101-ann, ml101-bob still import ml101-shared-domain",
            id="export of a deletion",
        ),
        pytest.param(
            "No export named ml101-shared-domain found. Rollback requested by user.",
            "export missing: ml101-shared-domain",
            id="no export",
        ),
        pytest.param(
            "Custom::Sweep Sweep: Received response status [FAILED] from custom resource. Message "
            "returned: two endpoints are stuck (RequestId: 75f768f5-3a31)",
            "custom resource failed: two endpoints are stuck (RequestId: 75f768f5-3a31) "
            "(Custom::Sweep Sweep)",
            id="custom resource",
        ),
        pytest.param(
            "AWS::CloudFormation::CustomResource Sweep: CloudFormation did not receive a response "
            "from your Custom Resource. Please check your logs for requestId [81bc]. If you are "
            "using the Python cfn-response module, you may need to update your Lambda function "
            "code so that CloudFormation can attach the updated version.",
            "custom resource timed out; its function's log says more "
            "(AWS::CloudFormation::CustomResource Sweep)",
            id="custom resource without an answer",
        ),
        pytest.param(
            "AWS::SageMaker::StudioLifecycleConfig Boot: 1 validation error detected: Value 'abc' "
            "at 'studioLifecycleConfigContent' failed to satisfy constraint: Member must have "
            "length less than or equal to 16384",
            "lifecycle script too long: 16,384 base64 characters are the most "
            "(AWS::SageMaker::StudioLifecycleConfig Boot)",
            id="lifecycle script",
        ),
        pytest.param(
            "Template format error: Unrecognized resource types: [AWS::SageMaker::Space]",
            "the region has no AWS::SageMaker::Space",
            id="type",
        ),
        pytest.param(
            "The security token included in the request is invalid.",
            "region not enabled, or the credentials do not reach it: The security token included "
            "in the request is invalid.",
            id="region",
        ),
        pytest.param(
            "The security token included in the request is expired",
            "the credentials have expired; sign in again, then run workshop deploy again",
            id="expired",
        ),
        pytest.param(
            "AWS::SageMaker::Space Space: CloudFormation cannot update a stack when a "
            "custom-named resource requires replacing. Rename ml101-ann and update the stack "
            "again.",
            "the change would replace ml101-ann, which has a name of its own "
            "(AWS::SageMaker::Space Space)",
            id="replaced",
        ),
        pytest.param(
            "AWS::EC2::Subnet S: The CIDR '10.0.0.0/26'\n conflicts with another subnet (Service: "
            "Ec2, Status Code: 400, Request ID: x)",
            "AWS::EC2::Subnet S: The CIDR '10.0.0.0/26' conflicts with another subnet",
            id="unknown",
        ),
    ],
)
def test_a_reason_is_told_in_one_line(cause: str, told: str) -> None:
    assert explain(cause) == told


def test_a_quotas_code_is_told_where_it_is_known() -> None:
    codes = {"ml.t3.medium for notebook instance usage": "L-12345678"}
    assert explain(EXCEEDED, codes).startswith(
        "quota: ml.t3.medium for notebook instance usage (L-12345678) is 2"
    )
