"""An attendee's workspace: the JupyterLab app of a space, or a notebook instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import ClientError

from workshop import names
from workshop.aws import Clients, error_code
from workshop.errors import WorkshopError
from workshop.model import Attendee, Workshop

NOT_STARTED = "not started"
_POLL_FIRST, _POLL_MOST = 0.5, 10.0
_APP_TYPE, _APP_NAME = "JupyterLab", "default"


class Workspace(Protocol):
    """What an attendee works in."""

    def status(self) -> str:
        """The status as SageMaker names it, or NOT_STARTED."""
        ...

    def start(self, status: str) -> str:
        """Start it when it is not running; returns the new status."""
        ...

    def wait_until_in_service(self, sleep: Callable[[float], None]) -> str:
        """Wait; raises WorkshopError with SageMaker's reason when it fails."""
        ...

    def link(self) -> str:
        """A presigned URL, good for five minutes."""
        ...


def find_workspace(workshop: Workshop, attendee: Attendee, clients: Clients) -> Workspace:
    """The attendee's workspace; raises WorkshopError when it is not deployed."""
    sagemaker = clients("sagemaker", attendee.region)
    name = names.environment_name(workshop.name, attendee.id)
    if attendee.environment == "notebook":
        return NotebookInstance(sagemaker, name)
    domain = workshop.domains.get(attendee.region) or _own_domain(sagemaker, workshop.name)
    if domain is None:
        raise WorkshopError(
            f"the workshop {workshop.name} has no Studio domain in {attendee.region}",
            f"no domain is named {names.domain_name(workshop.name)}",
            "workshop deploy",
        )
    return StudioSpace(sagemaker, domain, name)


def _own_domain(sagemaker: Any, workshop: str) -> str | None:
    pages = sagemaker.get_paginator("list_domains").paginate()
    for page in pages:
        for domain in page["Domains"]:
            if domain["DomainName"] == names.domain_name(workshop):
                return str(domain["DomainId"])
    return None


class StudioSpace:
    """The JupyterLab app of the attendee's private space."""

    def __init__(self, sagemaker: Any, domain: str, name: str) -> None:
        self._sagemaker = sagemaker
        self._name = name
        self._app = {
            "DomainId": domain,
            "SpaceName": name,
            "AppType": _APP_TYPE,
            "AppName": _APP_NAME,
        }

    def status(self) -> str:
        try:
            app = self._sagemaker.describe_app(**self._app)
        except ClientError as error:
            if error_code(error) == "ResourceNotFound":
                return NOT_STARTED
            raise
        # A deleted app stays listed for a day.
        return NOT_STARTED if app["Status"] == "Deleted" else str(app["Status"])

    def start(self, status: str) -> str:
        if status == "Failed":
            # A failed app must be deleted before it can be created anew.
            self._sagemaker.delete_app(**self._app)
            return "Deleting"
        if status != NOT_STARTED:
            return status
        try:
            self._sagemaker.create_app(**self._app)
        except ClientError as error:
            if error_code(error) == "ResourceNotFound":
                raise _not_deployed(self._name) from error
            raise
        return "Pending"

    def wait_until_in_service(self, sleep: Callable[[float], None]) -> str:
        return _wait(self.status, self._reason, sleep, self._name)

    def _reason(self) -> str:
        return str(self._sagemaker.describe_app(**self._app).get("FailureReason", ""))

    def link(self) -> str:
        answer = self._sagemaker.create_presigned_domain_url(
            DomainId=self._app["DomainId"],
            UserProfileName=self._name,
            SpaceName=self._name,
            LandingUri=f"app:{_APP_TYPE}:",
        )
        return str(answer["AuthorizedUrl"])


class NotebookInstance:
    """A notebook instance."""

    def __init__(self, sagemaker: Any, name: str) -> None:
        self._sagemaker = sagemaker
        self._name = name

    def status(self) -> str:
        return str(self._describe()["NotebookInstanceStatus"])

    def start(self, status: str) -> str:
        if status not in ("Stopped", "Failed"):
            return status
        self._sagemaker.start_notebook_instance(NotebookInstanceName=self._name)
        return "Pending"

    def wait_until_in_service(self, sleep: Callable[[float], None]) -> str:
        return _wait(
            self.status, lambda: str(self._describe().get("FailureReason", "")), sleep, self._name
        )

    def link(self) -> str:
        status = self.status()
        if status != "InService":
            raise WorkshopError(
                f"the notebook instance {self._name} is {status}",
                "a link can be made only for a running instance",
                "add --wait, or try again in some minutes",
            )
        answer = self._sagemaker.create_presigned_notebook_instance_url(
            NotebookInstanceName=self._name
        )
        return str(answer["AuthorizedUrl"])

    def _describe(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._sagemaker.describe_notebook_instance(
                NotebookInstanceName=self._name
            )
        except ClientError as error:
            if "RecordNotFound" in str(error):
                raise _not_deployed(self._name) from error
            raise
        return answer


def _not_deployed(name: str) -> WorkshopError:
    return WorkshopError(
        f"{name} is not deployed", "SageMaker knows no such name", "workshop deploy"
    )


def _wait(
    status: Callable[[], str],
    reason: Callable[[], str],
    sleep: Callable[[float], None],
    name: str,
) -> str:
    delay = _POLL_FIRST
    while True:
        current = status()
        if current == "InService":
            return current
        if current in ("Failed", "Stopped", NOT_STARTED):
            raise WorkshopError(
                f"the workspace {name} is {current}",
                reason() if current == "Failed" else "it was not started",
                "see its log group in CloudWatch Logs, then workshop open again",
            )
        sleep(delay)
        delay = min(delay * 1.3, _POLL_MOST)
