"""The control plane: generic create, describe, list, update, delete, stop and tag.

Everything here follows from a kind's row and botocore's model; what is special to a
kind is in its rules. The caller holds the world's lock.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from botocore.model import OperationModel, ServiceModel, StructureShape

from rehearsal.clock import Clock
from rehearsal.errors import ApiError, invalid
from rehearsal.machine import Machine
from rehearsal.sagemaker import listing
from rehearsal.sagemaker.kinds import BY_NAME, GONE, KINDS, Kind
from rehearsal.sagemaker.links import Links
from rehearsal.sagemaker.resource import Key, Resource, Transition
from rehearsal.sagemaker.rules import Rules
from rehearsal.validation import validate

_log = logging.getLogger(__name__)

Handler = Callable[["ControlPlane", str, dict[str, Any]], dict[str, Any] | None]

# (kind's name, region, the request's parameters and what the rules added to them)
Admission = Callable[[str, str, dict[str, Any]], None]


def _admit_all(_kind: str, _region: str, _params: dict[str, Any]) -> None:
    """No limits."""


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
        model: ServiceModel,
        lock: threading.RLock,
        rules: dict[str, Rules],
        operations: dict[str, Handler],
    ) -> None:
        self.account = account
        self.lock = lock  # for what runs on threads of its own
        self.clock = clock
        self.machine = machine
        self.created: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.links = Links()
        # Asked before a resource is made or grown: raises ResourceLimitExceeded.
        self.admit: Admission = _admit_all
        self._model = model
        self._rules = rules
        self._operations = dict(operations)
        self._stores: dict[tuple[str, str], dict[Key, Resource]] = {}
        self._by_arn: dict[str, Resource] = {}
        self._moving: dict[int, Resource] = {}
        self._serials = itertools.count(1)
        self._routes = dict(self._make_routes())

    # -- requests -----------------------------------------------------------------

    def call(self, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        """Answer one operation. Raises ApiError with the code AWS would answer."""
        if operation not in self._model.operation_names:
            raise ApiError("UnknownOperationException", f"{operation} is not an operation.")
        model = self._model.operation_model(operation)
        if model.input_shape is not None:
            validate(model.input_shape, params)
        self.tick()
        special = self._operations.get(operation)
        if special is not None:
            return self._shaped(model, special(self, region, params) or {})
        route = self._routes.get(operation)
        if route is None:
            raise ApiError(
                "UnknownOperationException", f"The local AWS does not have {operation} yet."
            )
        verb, kind = route
        answer: dict[str, Any] | None = getattr(self, f"_{verb}")(kind, model, region, params)
        return self._shaped(model, answer or {})

    def _make_routes(self) -> Iterator[tuple[str, tuple[str, Kind]]]:
        known = set(self._model.operation_names)
        for kind in KINDS:
            candidates = {
                f"List{kind.plural}": "list",
                **{
                    f"{verb}{kind.noun}": verb.lower()
                    for verb in ("Create", "Describe", "Update", "Delete", "Stop", "Start")
                },
            }
            for operation, verb in candidates.items():
                if operation in known:
                    yield operation, (verb, kind)

    @property
    def operations(self) -> list[str]:
        """The names of all operations that are answered, sorted."""
        return sorted({*self._routes, *self._operations})

    # -- what rules use -------------------------------------------------------------

    def rules(self, kind: Kind) -> Rules:
        """The rules of a kind."""
        return self._rules.get(kind.name, _NO_RULES)

    def all(self, kind: str, region: str) -> list[Resource]:
        """The resources of a kind in a region, oldest first, deleted rows included."""
        return list(self._store(kind, region).values())

    def every(self) -> list[Resource]:
        """All resources of all kinds and regions."""
        return [r for store in self._stores.values() for r in store.values()]

    def find(self, kind: str, region: str, *key: str | None) -> Resource | None:
        """A resource by its identifying fields, or None."""
        return self._store(kind, region).get(key)

    def need(self, kind: str, region: str, *key: str | None) -> Resource:
        """A resource by its identifying fields; raises as AWS does when there is none."""
        found = self.find(kind, region, *key)
        if found is None:
            raise self._absent(BY_NAME[kind], region, key)
        return found

    def by_arn(self, arn: str) -> Resource | None:
        """A resource by its ARN, or None."""
        return self._by_arn.get(arn)

    def arn(self, kind: Kind, region: str, key: Key) -> str:
        """The ARN of the resource with these identifying fields."""
        words: dict[str, Any] = dict(zip(kind.id_fields, key, strict=True))
        words["owner"] = words.get("UserProfileName") or words.get("SpaceName")
        words["app_type"] = str(words.get("AppType", "")).lower()
        return f"arn:aws:sagemaker:{region}:{self.account}:{kind.arn.format(**words)}"

    def set_status(self, resource: Resource, status: str, reason: str = "") -> None:
        """Set a status, and the failure reason when there is one."""
        resource.status = status
        resource.modified = self.clock.now()
        if "LastModifiedTime" in resource.fields:
            resource.fields["LastModifiedTime"] = resource.modified
        if reason:
            resource.fields["FailureReason"] = reason[:1024]

    def later(
        self,
        resource: Resource,
        status: str,
        seconds: float,
        done: Callable[[], None] | None = None,
    ) -> None:
        """Let a resource reach a status after what takes AWS `seconds`."""
        resource.transition = Transition(self.clock.after(seconds), status, done)
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

    def _move(self, resource: Resource, now: float) -> None:
        self._poll(resource)
        transition = resource.transition
        if transition is None or transition.due > now:
            return
        if resource.status == resource.kind.deleting and resource.activity is not None:
            return  # it is gone when what ran behind it has ended, not before
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
            self._forget(resource)
            return
        self.set_status(resource, transition.status)
        if transition.status == resource.kind.deleted:
            self.removed[resource.kind.name] += 1
            self.rules(resource.kind).deleted(self, resource)
            self.later(resource, GONE, DELETED_STAYS_LISTED)
        if transition.done is not None:
            transition.done()

    def _forget(self, resource: Resource) -> None:
        self._drop(resource)
        if resource.kind.deleted == GONE:
            self.removed[resource.kind.name] += 1
            self.rules(resource.kind).deleted(self, resource)

    def _drop(self, resource: Resource) -> None:
        self._moving.pop(id(resource), None)
        store = self._store(resource.kind.name, resource.region)
        if store.get(resource.key) is resource:
            del store[resource.key]
        if self._by_arn.get(resource.arn) is resource:
            del self._by_arn[resource.arn]

    # -- verbs ----------------------------------------------------------------------

    def _create(
        self, kind: Kind, _model: OperationModel, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        rules = self.rules(kind)
        extra = rules.before_create(self, region, params)
        ids = {**params, **extra}
        key = tuple(ids.get(name) for name in kind.id_fields)
        arn = self.arn(kind, region, key)
        present = self.find(kind.name, region, *key)
        if present is not None and present.status != "Deleted":
            code, wording = kind.exists
            raise ApiError(code, wording.format(**{**ids, "arn": arn}))
        self.admit(kind.name, region, ids)
        now = self.clock.now()
        described = self._model.operation_model(f"Describe{kind.noun}").output_shape
        fields = {name: value for name, value in params.items() if name in described.members}
        fields.update({name: now for name in _TIMES if name in described.members})
        fields.update(extra)
        fields[kind.arn_field] = arn
        resource = Resource(
            kind=kind,
            region=region,
            key=key,
            arn=arn,
            serial=next(self._serials),
            created=now,
            modified=now,
            status=kind.creating,
            fields=fields,
            tags={tag["Key"]: tag.get("Value", "") for tag in params.get("Tags", [])},
        )
        self._store(kind.name, region)[key] = resource
        self._by_arn[arn] = resource
        self.created[kind.name] += 1
        if kind.status_field and kind.create_seconds is not None:
            self.later(resource, kind.ready, kind.create_seconds)
        try:
            rules.created(self, resource)
        except Exception:  # a request that is refused leaves nothing
            self._drop(resource)
            self.created[kind.name] -= 1
            raise
        return resource.described()

    def _describe(
        self, kind: Kind, _model: OperationModel, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        return self._requested(kind, region, params).described()

    def _list(
        self, kind: Kind, model: OperationModel, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        defaults = {"SortBy": kind.sorted_by, "SortOrder": kind.sort_order}
        shown, token = listing.page(self._store(kind.name, region).values(), {**defaults, **params})
        rules = self.rules(kind)
        rows = [{**r.described(), **rules.summary(r)} for r in shown]
        answer: dict[str, Any] = {_list_member(model.output_shape): rows}
        if token:
            answer["NextToken"] = token
        return answer

    def _update(
        self, kind: Kind, _model: OperationModel, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        resource = self._requested(kind, region, params)
        rules = self.rules(kind)
        rules.before_update(self, resource, params)
        described = self._model.operation_model(f"Describe{kind.noun}").output_shape
        for name, value in params.items():
            if name in described.members and name not in kind.id_fields:
                resource.fields[name] = _merged(resource.fields.get(name), value)
        resource.modified = self.clock.now()
        if "LastModifiedTime" in resource.fields:
            resource.fields["LastModifiedTime"] = resource.modified
        rules.updated(self, resource, params)
        return resource.described()

    def _delete(
        self, kind: Kind, _model: OperationModel, region: str, params: dict[str, Any]
    ) -> None:
        resource = self._requested(kind, region, params)
        if kind.status_field and resource.status not in kind.deletable_from:
            raise invalid(kind.delete_refused.format(**resource.words()))
        rules = self.rules(kind)
        rules.before_delete(self, resource, params)
        rules.deleting(self, resource)
        resource.transition = None
        if kind.deleting:
            self.set_status(resource, kind.deleting)
            self.later(resource, kind.deleted, kind.delete_seconds)
        else:
            self._forget(resource)

    def _stop(
        self, kind: Kind, _model: OperationModel, region: str, params: dict[str, Any]
    ) -> None:
        self.rules(kind).stop(self, self._requested(kind, region, params))

    def _start(
        self, kind: Kind, _model: OperationModel, region: str, params: dict[str, Any]
    ) -> None:
        self.rules(kind).start(self, self._requested(kind, region, params))

    # -- helpers --------------------------------------------------------------------

    def _store(self, kind: str, region: str) -> dict[Key, Resource]:
        return self._stores.setdefault((region, kind), {})

    def _requested(self, kind: Kind, region: str, params: dict[str, Any]) -> Resource:
        return self.need(kind.name, region, *(params.get(name) for name in kind.id_fields))

    def _absent(self, kind: Kind, region: str, key: Key) -> ApiError:
        code, wording = kind.absent
        words: dict[str, Any] = dict(zip(kind.id_fields, key, strict=True))
        return ApiError(code, wording.format(**words, arn=self.arn(kind, region, key)))

    def _shaped(self, model: OperationModel, answer: dict[str, Any]) -> dict[str, Any]:
        if model.output_shape is None:
            return {}
        shaped: dict[str, Any] = _only_members(model.output_shape, answer)
        return shaped


_NO_RULES = Rules()
_TIMES = ("CreationTime", "LastModifiedTime")


def _list_member(shape: StructureShape) -> str:
    names = (name for name, member in shape.members.items() if member.type_name == "list")
    return str(next(names))


def _only_members(shape: Any, value: Any) -> Any:
    """The value without what the output shape does not declare."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: _only_members(shape.members[name], item)
            for name, item in value.items()
            if name in shape.members and item is not None
        }
    if shape.type_name == "list":
        return [_only_members(shape.member, item) for item in value]
    return value


def _merged(old: Any, new: Any) -> Any:
    """Settings merge member by member (UpdateDomain, UpdateUserProfile); the rest replaces."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
    return new
