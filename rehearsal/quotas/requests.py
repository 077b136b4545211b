"""Increase requests: what the local AWS makes of them, by a plain rule instead of people.

A request is PENDING, after a minute of AWS's time CASE_OPENED, and after half an hour
APPROVED when it asks for at most 50 or ten times AWS's default, whichever is larger. What
asks for more stays CASE_OPENED, as real requests do for days. Without permission to open a
support case such a request ends NOT_APPROVED (RequestServiceQuotaIncrease,
SupportCaseAllowed). The rule is ours; AWS's are not published.
"""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import dataclass
from typing import Any

from rehearsal.account import ACCOUNT
from rehearsal.clock import Clock
from rehearsal.errors import ApiError
from rehearsal.quotas.applied import AppliedQuotas
from rehearsal.quotas.catalog import Quota

CASE_AFTER_SECONDS = 60.0
DECIDED_AFTER_SECONDS = 1800.0
APPROVED_UP_TO = 50.0
APPROVED_UP_TO_TIMES_DEFAULT = 10.0
OPEN_PER_ACCOUNT = 20
_OPEN = ("PENDING", "CASE_OPENED")
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class IncreaseRequest:
    """One request. Its status follows from the time alone."""

    id: str
    case_id: str
    region: str
    quota: Quota
    desired: float
    created: float
    case_due: float
    decision_due: float
    support_case: bool

    @property
    def is_approvable(self) -> bool:
        """Whether the rule grants it."""
        ceiling = max(APPROVED_UP_TO, (self.quota.default or 0) * APPROVED_UP_TO_TIMES_DEFAULT)
        return self.desired <= ceiling

    def status(self, now: float) -> str:
        """The status at a time."""
        if now >= self.decision_due and self.is_approvable:
            return "APPROVED"
        if now >= self.decision_due and not self.support_case:
            return "NOT_APPROVED"
        return "CASE_OPENED" if self.support_case and now >= self.case_due else "PENDING"

    def described(self, now: float) -> dict[str, Any]:
        """The request as the API shows it."""
        status = self.status(now)
        updated = {"PENDING": self.created, "CASE_OPENED": self.case_due}
        answer = {
            "Id": self.id,
            "ServiceCode": "sagemaker",
            "ServiceName": "Amazon SageMaker",
            "QuotaCode": self.quota.code,
            "QuotaName": self.quota.name,
            "DesiredValue": self.desired,
            "Status": status,
            "Created": self.created,
            "LastUpdated": updated.get(status, self.decision_due),
            "Requester": f'{{"accountId":"{ACCOUNT}"}}',
            "QuotaArn": f"arn:aws:servicequotas:{self.region}:{ACCOUNT}:"
            f"sagemaker/{self.quota.code}",
            "GlobalQuota": False,
            "Unit": "None",
            "QuotaRequestedAtLevel": "ACCOUNT",
        }
        if self.support_case and now >= self.case_due:
            answer["CaseId"] = self.case_id
        return answer


class AccountQuotas:
    """The account's quotas: what applied at the start, and what requests changed since."""

    def __init__(self, clock: Clock, applied: AppliedQuotas) -> None:
        self._clock = clock
        self._applied = applied
        self._requests: list[IncreaseRequest] = []  # oldest first

    def value(self, region: str, code: str) -> float | None:
        """The value that applies now, or None when none was applied and none is known."""
        now = self._clock.now()
        approved = [
            r.desired
            for r in self._requests
            if (r.region, r.quota.code) == (region, code) and r.status(now) == "APPROVED"
        ]
        return max(approved) if approved else self._applied.value(region, code)

    def request(
        self, region: str, quota: Quota, desired: float, *, support_case: bool
    ) -> IncreaseRequest:
        """Take a request in.

        Raises ResourceAlreadyExistsException beside an open request for the same quota
        (wording: hashicorp/terraform-provider-aws#19657), and QuotaExceededException for more
        than 20 open ones in the account (its wording is not published).
        """
        now = self._clock.now()
        still_open = [r for r in self._requests if r.status(now) in _OPEN]
        if any((r.region, r.quota.code) == (region, quota.code) for r in still_open):
            raise ApiError(
                "ResourceAlreadyExistsException",
                "Only one open service quota increase request is allowed per quota.",
            )
        if len(still_open) >= OPEN_PER_ACCOUNT:
            raise ApiError(
                "QuotaExceededException",
                f"The account has {OPEN_PER_ACCOUNT} open quota increase requests already.",
            )
        made = IncreaseRequest(
            id=uuid.uuid4().hex + "".join(secrets.choice(_ALPHABET) for _ in range(8)),
            case_id="".join(secrets.choice(string.digits) for _ in range(15)),
            region=region,
            quota=quota,
            desired=desired,
            created=now,
            case_due=self._clock.after(CASE_AFTER_SECONDS),
            decision_due=self._clock.after(DECIDED_AFTER_SECONDS),
            support_case=support_case,
        )
        self._requests.append(made)
        return made

    def requests_in(self, region: str) -> list[IncreaseRequest]:
        """The requests of a region, newest first."""
        return [r for r in reversed(self._requests) if r.region == region]
