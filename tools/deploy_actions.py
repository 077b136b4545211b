"""The IAM actions that CloudFormation takes for the resources of our templates.

A stack is made with the caller's own rights. Which ones each type's handlers use, AWS
publishes in the type's schema (`handlers.*.permissions`; CloudFormation CLI user guide,
"Resource type schema"), which cfn-lint packages.
"""

from __future__ import annotations

# Every type in our templates; tests/synth/test_deploy_actions.py holds it against them.
TYPES = (
    "AWS::CodeBuild::Project",
    "AWS::DynamoDB::Table",
    "AWS::EC2::RouteTable",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::NotebookInstance",
    "AWS::SageMaker::NotebookInstanceLifecycleConfig",
    "AWS::SageMaker::Space",
    "AWS::SageMaker::StudioLifecycleConfig",
    "AWS::SageMaker::UserProfile",
    "AWS::Scheduler::Schedule",
)
_REGION = "us-east-1"  # handlers do not differ by region
# Types from before there were handlers: their schemas name none. The operations that CloudFormation
# then calls are those of the service (CodeBuild API reference: CreateProject takes a role, which
# the caller passes).
_WITHOUT_HANDLERS = {
    "AWS::CodeBuild::Project": {
        "create": ["codebuild:CreateProject", "iam:PassRole"],
        "read": ["codebuild:BatchGetProjects"],
        "update": ["codebuild:BatchGetProjects", "codebuild:UpdateProject", "iam:PassRole"],
        "delete": ["codebuild:DeleteProject"],
    },
}


def deploy_actions() -> dict[str, dict[str, list[str]]]:
    """Type -> handler ("create", "read", "update", "delete") -> IAM actions, sorted."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    found = {}
    for name in TYPES:
        if name in _WITHOUT_HANDLERS:
            found[name] = _WITHOUT_HANDLERS[name]
            continue
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, name).schema
        found[name] = {
            handler: sorted(set(schema["handlers"][handler]["permissions"]))
            for handler in ("create", "read", "update", "delete")
            if handler in schema["handlers"]
        }
    return found
