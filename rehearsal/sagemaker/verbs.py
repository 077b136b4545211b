"""What the generic operations do: create, describe, list, update, delete, stop, start.

Each follows from a kind's row and botocore's model; the kind's rules are asked at the seams.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.model import OperationModel

from rehearsal.errors import ApiError, invalid, missing
from rehearsal.sagemaker import listing
from rehearsal.sagemaker.kind import NOT_EXECUTED, Holder, Kind
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.resource import Resource, new_id
from rehearsal.sagemaker.schema import conflict_code, exists_code, list_member
from rehearsal.sagemaker.sharing import shared
from rehearsal.sagemaker.tags import checked_tags
from rehearsal.validation import seconds_of

if TYPE_CHECKING:
    from rehearsal.sagemaker.plane import ControlPlane

Params = dict[str, Any]

# Members of a describe request that ask for one version of a resource.
_VERSIONS = ("Version", "VersionId", "VersionAlias")


def create(
    plane: ControlPlane, kind: Kind, model: OperationModel, region: str, params: Params
) -> Params:
    """Make a resource; nothing is left of a request that is refused."""
    rules = plane.rules(kind)
    for need in kind.needs:
        for value in values_at(params, need.path):
            _require_living(plane.need(need.kind, region, value))
    tags = checked_tags(params)
    extra = rules.before_create(plane, region, params)
    words = {"new_id": new_id(), **params, **extra}
    if kind.new_id is not None:
        field, prefix = kind.new_id
        words.setdefault(field, new_id(prefix))
        extra.setdefault(field, words[field])
    arn = plane.arn(kind, region, words)
    if kind.by_arn:
        words[kind.arn_name] = arn
    key = (arn,) if kind.by_arn else tuple(words.get(name) for name in kind.id_fields)
    _refuse_second(plane, kind, model, region, {**words, "arn": arn}, key)
    plane.admit(kind.name, region, {**params, **extra})
    schema = plane.schema(kind)
    now = plane.clock.now()
    fields = shared({name: value for name, value in params.items() if name in schema.members})
    fields.update(dict.fromkeys((*schema.created_fields, *schema.modified_fields), now))
    fields.update(kind.constants)
    fields.update(extra)
    fields[kind.arn_name] = arn
    resource = Resource(
        kind=kind,
        region=region,
        key=key,
        arn=arn,
        serial=plane.serial(),
        created=now,
        modified=now,
        status=kind.creating,
        fields=fields,
        tags=tags,
    )
    plane.keep(resource)
    if kind.status_field and kind.create_seconds is not None:
        reason = NOT_EXECUTED if kind.fails else ""
        plane.later(resource, kind.fails or kind.ready, kind.create_seconds, reason=reason)
    try:
        rules.created(plane, resource)
    except Exception:
        plane.drop(resource)
        raise
    return _shown(plane, resource)


def _require_living(needed: Resource) -> None:
    """Nothing new comes to what is on its way out. The wording is ours."""
    if needed.status and needed.status in (needed.kind.deleting, needed.kind.deleted):
        raise invalid(f"{needed.kind.noun} [{needed.name}] is in status {needed.status}.")


def _refuse_second(
    plane: ControlPlane,
    kind: Kind,
    model: OperationModel,
    region: str,
    words: Params,
    key: tuple[str | None, ...],
) -> None:
    present = plane.find(kind.name, region, *key)
    taken = present is not None and present.status != "Deleted"
    if not taken and kind.unique and words.get(kind.unique) is not None:
        taken = any(
            r.fields.get(kind.unique) == words[kind.unique] and r.status != kind.deleted
            for r in plane.store(kind.name, region)
        )
    if not taken:
        return
    if kind.exists is not None:
        code, wording = kind.exists
        raise ApiError(code, wording.format(**words))
    name = words.get(kind.unique or kind.name_field)
    raise ApiError(exists_code(model), f"{kind.noun} [{name}] already exists.")


def describe(
    plane: ControlPlane, kind: Kind, _model: OperationModel, region: str, params: Params
) -> Params:
    """What a resource is now; earlier versions of a resource are not kept."""
    resource = plane.requested(kind, region, params)
    for name, value in params.items():
        if name.endswith(_VERSIONS) and resource.fields.get(name) != value:
            raise missing(f"{kind.noun} [{resource.name}] has no {name} {value} here.")
    return _shown(plane, resource)


def _shown(plane: ControlPlane, resource: Resource) -> Params:
    fields = {**resource.described(), **plane.rules(resource.kind).details(plane, resource)}
    wrapper = plane.schema(resource.kind).wrapper
    return {**fields, wrapper: fields} if wrapper else fields


def list_(
    plane: ControlPlane, kind: Kind, model: OperationModel, region: str, params: Params
) -> Params:
    """One page of the kind's resources."""
    rules = plane.rules(kind)
    wanted = rules.filters(plane, region, params)
    defaults = {"SortBy": kind.sorted_by, "SortOrder": kind.sort_order}
    behind = plane.lag(model.name)
    if behind:
        seen = plane.clock.now() - (plane.clock.after(behind) - plane.clock.now())
        asked = seconds_of(wanted.get("CreationTimeBefore", seen))
        wanted["CreationTimeBefore"] = min(asked, seen)
    shown, token = listing.page(
        plane.store(kind.name, region),
        {**defaults, **wanted},
        scope=f"{model.name} {region}",
        size=kind.page,
    )
    aliases = kind.in_list.items()
    rows = []
    for resource in shown:
        row = resource.described()
        row.update({name: row.get(field) for name, field in aliases})
        row.update(rules.summary(resource))
        rows.append(row)
    answer: Params = {list_member(model.output_shape): rows}
    if token:
        answer["NextToken"] = token
    return answer


def update(
    plane: ControlPlane, kind: Kind, model: OperationModel, region: str, params: Params
) -> Params:
    """Change a resource: settings merge member by member, everything else is replaced."""
    resource = plane.requested(kind, region, params)
    _require_state(model, resource, kind.updatable_from)
    rules = plane.rules(kind)
    rules.before_update(plane, resource, params)
    members = plane.schema(kind).members
    for name, value in params.items():
        if name in members and name not in kind.id_fields:
            resource.fields[name] = _merged(resource.fields.get(name), value)
    plane.touch(resource)
    if kind.updating:
        plane.set_status(resource, kind.updating)
        plane.later(resource, kind.updated or kind.ready, kind.update_seconds)
    rules.updated(plane, resource, params)
    return _shown(plane, resource)


def delete(
    plane: ControlPlane, kind: Kind, model: OperationModel, region: str, params: Params
) -> Params:
    """Begin a deletion, unless the resource's state or what uses it forbids that."""
    resource = plane.requested(kind, region, params)
    if kind.status_field and resource.status not in kind.deletable_from:
        if kind.delete_refused:
            raise invalid(kind.delete_refused.format(**resource.words()))
        _require_state(model, resource, kind.deletable_from)
    for holder in kind.held_by:
        _refuse_held(plane, model, resource, holder)
    rules = plane.rules(kind)
    rules.before_delete(plane, resource, params)
    rules.deleting(plane, resource)
    resource.transition = None
    answer = resource.described()
    if kind.deleting:
        plane.set_status(resource, kind.deleting)
        plane.later(resource, kind.deleted, kind.delete_seconds)
    else:
        plane.forget(resource)
    return answer


def _refuse_held(
    plane: ControlPlane, model: OperationModel, resource: Resource, holder: Holder
) -> None:
    ours = (resource.name, resource.arn)
    for other in plane.living(holder.kind, resource.region):
        if other.status in holder.free_in:
            continue
        if any(value in ours for value in values_at(other.fields, holder.path)):
            raise ApiError(
                conflict_code(model),
                f"{resource.kind.noun} [{resource.name}] cannot be deleted: "
                f"{other.kind.words} {other.name} uses it.",
            )


def stop(
    plane: ControlPlane, kind: Kind, model: OperationModel, region: str, params: Params
) -> Params:
    """Begin to stop what a resource runs."""
    resource = plane.requested(kind, region, params)
    _require_state(model, resource, kind.stoppable_from)
    plane.rules(kind).stop(plane, resource, params)
    return resource.described()


def start(
    plane: ControlPlane, kind: Kind, model: OperationModel, region: str, params: Params
) -> Params:
    """Begin to start what is stopped."""
    resource = plane.requested(kind, region, params)
    _require_state(model, resource, kind.startable_from)
    plane.rules(kind).start(plane, resource, params)
    return resource.described()


def _require_state(model: OperationModel, resource: Resource, allowed: frozenset[str]) -> None:
    if allowed and resource.status not in allowed:
        raise ApiError(
            conflict_code(model),
            f"{model.name}: {resource.kind.noun} [{resource.name}] is in status "
            f"{resource.status}, not in [{', '.join(sorted(allowed))}].",
        )


def _merged(old: Any, new: Any) -> Any:
    """Settings merge member by member (UpdateDomain, UpdateUserProfile); the rest replaces."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
    return new


Verb = Callable[["ControlPlane", Kind, OperationModel, str, Params], Params]

VERBS: dict[str, Verb] = {
    "create": create,
    "describe": describe,
    "list": list_,
    "update": update,
    "delete": delete,
    "stop": stop,
    "start": start,
}
