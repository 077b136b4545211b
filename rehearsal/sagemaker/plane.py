"""The control plane: what exists, and how it moves.

Requests come in by `call`; the generic verbs are in verbs.py, what is special to a kind in
its rules. The caller holds the world's lock.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from botocore.model import ServiceModel

from rehearsal.clock import Clock
from rehearsal.errors import ApiError
from rehearsal.inprocess import Clients
from rehearsal.machine import Machine
from rehearsal.sagemaker import instances, requests, verbs
from rehearsal.sagemaker.kind import GONE, Kind
from rehearsal.sagemaker.kinds import BY_NAME, KINDS
from rehearsal.sagemaker.links import Links
from rehearsal.sagemaker.resource import Resource, Transition
from rehearsal.sagemaker.returns import Returns
from rehearsal.sagemaker.rules import Rules
from rehearsal.sagemaker.schema import Schema, as_declared, operations_of, schema_of
from rehearsal.sagemaker.store import Store
from rehearsal.validation import validate

_log = logging.getLogger(__name__)

Handler = Callable[["ControlPlane", str, dict[str, Any]], dict[str, Any] | None]

# (kind's name, region, the request's parameters and what the rules added to them)
Admission = Callable[[str, str, dict[str, Any]], None]

# "Deleted apps stay listed for 24 hours" (DeleteApp, API reference).
DELETED_STAYS_LISTED = 24 * 3600.0


class ControlPlane:
    """SageMaker of one account, all regions."""

    def __init__(
        self,
        *,
        account: str,
        clock: Clock,
        machine: Machine,
        clients: Clients,
        model: ServiceModel,
        lock: threading.RLock,
        rules: dict[str, Rules],
        operations: dict[str, Handler],
    ) -> None:
        self.account = account
        self.lock = lock  # for what runs on threads of its own
        self.clock = clock
        self.machine = machine
        self.clients = clients  # of other services, for what is done while the lock is held
        self.model = model
        self.created: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.links = Links()
        self.settings: dict[tuple[str, str], str] = {}  # (region, name) -> value
        # Asked before a resource is made or grown: raises ResourceLimitExceeded.
        self.admit: Admission = _admit_all
        # Whether a resource (kind, path) is to stay in the state it is passing through.
        self.sticks: Callable[[str, str], bool] = lambda _kind, _name: False
        # By how many seconds of AWS's time an operation's list is behind.
        self.lag: Callable[[str], float] = lambda _operation: 0.0
        # After how many seconds of AWS's time a deleted resource (kind, path) is back, if at all.
        self.returns: Callable[[str, str], float | None] = lambda _kind, _name: None
        self._returns = Returns()
        self._rules = rules
        self._operations = dict(operations)
        self._stores: dict[tuple[str, str], Store] = {}
        self._by_arn: dict[str, Resource] = {}
        self._moving: dict[int, Resource] = {}
        self._serials = itertools.count(1)
        self._tokens = requests.Tokens()
        self._schemas = {kind.name: schema_of(model, kind) for kind in KINDS}
        self._routes = {
            name: (verb, kind)
            for kind in KINDS
            for name, verb in operations_of(model, kind).items()
        }

    # -- requests -----------------------------------------------------------------

    def call(self, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        """Answer one operation. Raises ApiError with the code AWS would answer."""
        if operation not in self.model.operation_names:
            raise ApiError("UnknownOperationException", f"{operation} is not an operation.")
        model = self.model.operation_model(operation)
        params = requests.without_null(params)
        if model.input_shape is not None:
            validate(model.input_shape, params)
        instances.check(operation, params)
        self.tick()
        special = self._operations.get(operation)
        route = self._routes.get(operation)
        if special is None and route is None:
            raise ApiError("UnknownOperationException", f"The local AWS does not have {operation}.")
        try:
            with self._tokens.once(model, region, params, self._is_there) as once:
                if once.answer is None:
                    answered: dict[str, Any] | None
                    if special is not None:
                        answered = special(self, region, params)
                    else:
                        assert route is not None
                        verb, kind = route
                        answered = verbs.VERBS[verb](self, kind, model, region, params)
                    once.answer = requests.shaped(model, answered or {})
        except ApiError as error:
            declared = as_declared(model, error)
            if declared is error:
                raise
            raise declared from error
        return once.answer

    def _is_there(self, answer: dict[str, Any]) -> bool:
        """Whether what an answer made, if it made something, still exists."""
        arns = [v for k, v in answer.items() if k.endswith("Arn") and isinstance(v, str)]
        found = [self._by_arn.get(arn) for arn in arns]
        return all(r is not None and r.status != r.kind.deleting for r in found) if arns else True

    # -- what exists ----------------------------------------------------------------

    def rules(self, kind: Kind) -> Rules:
        """The rules of a kind."""
        return self._rules.get(kind.name, _NO_RULES)

    def schema(self, kind: Kind) -> Schema:
        """What botocore's model says of a kind."""
        return self._schemas[kind.name]

    def store(self, kind: str, region: str) -> Store:
        """The resources of a kind in a region, deleted rows included."""
        return self._stores.setdefault((region, kind), Store())

    def all(self, kind: str, region: str) -> list[Resource]:
        """The resources of a kind in a region, oldest first, deleted rows included."""
        return list(self.store(kind, region))

    def every(self) -> list[Resource]:
        """All resources of all kinds and regions."""
        return [r for store in list(self._stores.values()) for r in store]

    def find(self, kind: str, region: str, *key: str | None) -> Resource | None:
        """A resource by its identifying fields, or None."""
        return self.store(kind, region).get(key)

    def need(self, kind: str, region: str, *key: str | None) -> Resource:
        """A resource by its identifying fields; raises as AWS does when there is none."""
        row = BY_NAME[kind]
        found = self.find(kind, region, *key)
        if found is None and len(key) == 1:
            found = self._by_name_or_arn(row, region, str(key[0]))
        if found is None:
            words = dict(zip(row.id_fields, key, strict=True))
            raise self.absent(row, region, words)
        return found

    def requested(self, kind: Kind, region: str, params: dict[str, Any]) -> Resource:
        """The resource that a request is about. Raises as AWS does when there is none."""
        found = self.rules(kind).locate(self, kind, region, params)
        if found is not None:
            return found
        return self.need(kind.name, region, *(params.get(name) for name in kind.id_fields))

    def by_arn(self, arn: str) -> Resource | None:
        """A resource by its ARN, or None."""
        return self._by_arn.get(arn)

    def _by_name_or_arn(self, kind: Kind, region: str, value: str) -> Resource | None:
        """Where an identifier may be the name or the ARN."""
        arn = value if value.startswith("arn:") else ""
        if not arn and kind.name == "model-package":  # one that is no version of a group
            arn = self.arn(kind, region, {kind.id_fields[0]: value, "version": ""})
        found = self._by_arn.get(arn)
        return found if found is not None and found.kind is kind else None

    def arn(self, kind: Kind, region: str, words: dict[str, Any]) -> str:
        """The ARN of a resource with these fields."""
        known: dict[str, Any] = {
            "owner": words.get("UserProfileName") or words.get("SpaceName"),
            "app_type": str(words.get("AppType", "")).lower(),
            **words,
        }
        return f"arn:aws:sagemaker:{region}:{self.account}:{kind.arn.format(**known)}"

    def absent(self, kind: Kind, region: str, words: dict[str, Any]) -> ApiError:
        """The error that says there is no such resource."""
        name = words.get(kind.id_fields[-1])
        arn = str(name)
        if kind.absent is not None:
            code, wording = kind.absent
            if "{arn}" in wording and not arn.startswith("arn:"):
                arn = self.arn(kind, region, words)
            return ApiError(code, wording.format(**{**words, "arn": arn}))
        # Ours: AWS's wording for these kinds is not published. "does not exist" is what
        # clients that tell "gone" by the message look for.
        return ApiError("ResourceNotFound", f"{kind.noun} [{name}] does not exist.")

    # -- how it changes -------------------------------------------------------------

    def serial(self) -> int:
        """The next number in the order of creation."""
        return next(self._serials)

    def keep(self, resource: Resource) -> None:
        """Let a resource exist."""
        self.store(resource.kind.name, resource.region).put(resource)
        self._by_arn[resource.arn] = resource
        self.created[resource.kind.name] += 1

    def drop(self, resource: Resource) -> None:
        """Take back a resource that came to exist by a request that is refused."""
        self._remove(resource)
        self.created[resource.kind.name] -= 1

    def forget(self, resource: Resource) -> None:
        """The resource is gone."""
        self._remove(resource)
        if resource.kind.deleted == GONE:
            self._ended(resource)

    def _ended(self, resource: Resource) -> None:
        """A deletion is done."""
        self.removed[resource.kind.name] += 1
        self.rules(resource.kind).deleted(self, resource)
        self._returns.deleted(self, resource)

    def _remove(self, resource: Resource) -> None:
        self._moving.pop(id(resource), None)
        self.store(resource.kind.name, resource.region).drop(resource)
        if self._by_arn.get(resource.arn) is resource:
            del self._by_arn[resource.arn]

    def set_status(self, resource: Resource, status: str, reason: str = "") -> None:
        """Set a status, and the failure reason when there is one."""
        schema = self.schema(resource.kind)
        changed = status != resource.status
        resource.status = status
        self.touch(resource)
        if reason and schema.reason_field:
            resource.fields[schema.reason_field] = reason[:1024]
        if changed and schema.end_field and status in resource.kind.ended_in:
            resource.fields[schema.end_field] = resource.modified

    def touch(self, resource: Resource) -> None:
        """The resource has changed now."""
        resource.modified = self.clock.now()
        for name in self.schema(resource.kind).modified_fields:
            resource.fields[name] = resource.modified

    def later(
        self,
        resource: Resource,
        status: str,
        seconds: float,
        done: Callable[[], None] | None = None,
        reason: str = "",
    ) -> None:
        """Let a resource reach a status after what takes AWS `seconds`."""
        self.at(resource, self.clock.after(seconds), status, done, reason)

    def at(
        self,
        resource: Resource,
        due: float,
        status: str,
        done: Callable[[], None] | None = None,
        reason: str = "",
    ) -> None:
        """Let a resource reach a status at a time of the clock."""
        resource.transition = Transition(due, status, done, reason)
        self._moving[id(resource)] = resource

    def watch(self, resource: Resource) -> None:
        """Poll the resource's activity at every tick until it ends."""
        self._moving[id(resource)] = resource

    def tick(self) -> None:
        """Move every resource whose time has come or whose activity has ended."""
        now = self.clock.now()
        for resource in list(self._moving.values()):
            try:
                self._move(resource, now)
            except Exception as error:  # noqa: BLE001 - one resource's trouble must not stop the others
                _log.exception("%s %s", resource.kind.name, resource.name)
                if resource.kind.status_field:
                    self.set_status(resource, "Failed", f"InternalFailure: {error}")
            if resource.transition is None and resource.activity is None:
                self._moving.pop(id(resource), None)
        self._returns.tick(self)

    def _move(self, resource: Resource, now: float) -> None:
        self._poll(resource)
        transition = resource.transition
        if transition is None or transition.due > now:
            return
        if resource.status == resource.kind.deleting and resource.activity is not None:
            return  # it is gone when what ran behind it has ended, not before
        if self.sticks(resource.kind.name, resource.path) or self.rules(resource.kind).sticks(
            self, resource
        ):
            return
        resource.transition = None
        self._reach(resource, transition)

    def _poll(self, resource: Resource) -> None:
        if resource.activity is None:
            return
        outcome = resource.activity.poll()
        if outcome is None:
            return
        resource.activity = None
        resource.fields.update(outcome.fields)
        if resource.status not in (resource.kind.deleting, resource.kind.deleted):
            self.rules(resource.kind).ended(self, resource, outcome)

    def _reach(self, resource: Resource, transition: Transition) -> None:
        if transition.status == GONE:
            self.forget(resource)
            return
        self.set_status(resource, transition.status, transition.reason)
        if transition.status == resource.kind.deleted:
            self._ended(resource)
            self.later(resource, GONE, DELETED_STAYS_LISTED)
        if transition.done is not None:
            transition.done()

    # -- helpers of rules -------------------------------------------------------------

    def living(self, kind: str, region: str) -> Iterable[Resource]:
        """The resources of a kind that are not deleted, nor being deleted."""
        return (
            r
            for r in self.store(kind, region)
            if not r.status or r.status not in (r.kind.deleting, r.kind.deleted)
        )


def _admit_all(_kind: str, _region: str, _params: dict[str, Any]) -> None:
    """No limits."""


_NO_RULES = Rules()
