"""The IAM statements that an instructor needs to run labs as an attendee would."""

from __future__ import annotations

from workshop.cli.iam_writer import ALL, Statement, Writer, account_reads, allow


def run(w: Writer) -> list[Statement]:
    """What `workshop run` needs: what labs make, as whom, and their files and logs."""
    made = [
        *("Endpoint", "EndpointConfig", "Model", "ProcessingJob", "TrainingJob", "TransformJob"),
    ]
    ended = ["DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "InvokeEndpoint"]
    return [
        allow("AsWhom", ["sts:GetCallerIdentity"], ALL),
        account_reads(),
        allow(
            "WhatLabsMake",
            [f"sagemaker:{action}" for action in (*(f"Create{kind}" for kind in made), *ended)]
            + ["sagemaker:AddTags"],
            w.own(),
        ),
        allow(
            "JobsRunAsAttendees",
            ["iam:PassRole"],
            w.iam("role"),
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow("LabFiles", ["s3:ListBucket"], w.bucket(f"{w.workshop}-*")),
        allow("LabObjects", ["s3:GetObject", "s3:PutObject"], w.bucket(f"{w.workshop}-*", "*")),
        allow(
            "GroupsOfJobsAreShared",
            ["logs:DescribeLogStreams", "logs:GetLogEvents"],
            w.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        *_builds(w),
    ]


def _builds(w: Writer) -> list[Statement]:
    """What labs do that build container images."""
    return [
        allow(
            "ImageBuilds",
            ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"],
            w.arn("codebuild", f"project/{w.workshop}-*"),
        ),
        allow(
            "ImageBuildLogs",
            ["logs:GetLogEvents"],
            w.arn("logs", f"log-group:/aws/codebuild/{w.workshop}-*"),
        ),
        allow(
            "Images",
            [
                *("ecr:CreateRepository", "ecr:DeleteRepository", "ecr:TagResource"),
                *("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories"),
            ],
            w.arn("ecr", f"repository/{w.workshop}-*"),
        ),
    ]
