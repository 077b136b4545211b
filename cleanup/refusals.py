"""What a refused call means: it is gone already, try again later, or it will not work. Pure."""

from __future__ import annotations

import re
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from workshop.aws import error_code, error_message

Meaning = Literal["gone", "later", "refused"]

# "Gone" has several shapes: the older operations declare no NotFound error and answer with a
# ValidationException (botocore's model; terraform-provider-aws, internal/service/sagemaker).
_GONE_CODES = {
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ObjectNotFoundException",  # Application Auto Scaling
    "RepositoryNotFoundException",  # ECR
    "FileSystemNotFound",
    "MountTargetNotFound",
    "InvalidGroup.NotFound",  # EC2
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidPermission.NotFound",
}
_GONE_WORDS = re.compile(
    r"Could not find|RecordNotFound|does not exist|Cannot find|No workforce"
    r"|has already been deleted|previously failed and was automatically deleted",
    re.IGNORECASE,
)
# Whoever lacks a permission lacks it at the next try too.
_MALFORMED = re.compile("failed to satisfy constraint")
_REFUSED = re.compile(
    r"AccessDenied|UnauthorizedOperation|NotAuthorized|OptInRequired|UnrecognizedClient"
    r"|InvalidClientTokenId|ExpiredToken|SignatureDoesNotMatch|UnknownOperation"
)


def meaning(error: Exception) -> Meaning:
    """What the failure of a call says of the resource it was about.

    A state, another operation under way, throttling and faults of the service pass; so
    whatever is neither "gone" nor malformed nor a missing permission is worth another try.
    """
    if isinstance(error, ParamValidationError) or not isinstance(
        error, (ClientError, BotoCoreError)
    ):
        return "refused"
    code, message = error_code(error), error_message(error)
    if code in _GONE_CODES:
        return "gone"
    if code == "ValidationException" and _GONE_WORDS.search(message):
        return "gone"
    if _REFUSED.search(code) or _MALFORMED.search(message):
        return "refused"
    return "later"
