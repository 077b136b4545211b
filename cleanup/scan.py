"""Reads what exists: one paginated list per kind and region, one tag listing per region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cleanup.attribution import attribute, is_managed, is_protected
from cleanup.kinds import DOMAIN, GONE, KINDS, Kind
from cleanup.resources import Blind, Resource, Scan, Scope, Unattributed
from workshop.aws import Clients, error_code, error_message
from workshop.names import TAG_WORKSHOP, domain_name

_WORKERS = 8
_TAGS = "tags"

Rows = list[dict[str, Any]]


def scan(
    scope: Scope, clients: Clients, kinds: Iterable[Kind] = KINDS, *, regions: Iterable[str] = ()
) -> Scan:
    """Return everything of the workshop that exists in its regions.

    The number of calls depends on kinds and pages, not on resources. A listing that fails
    makes its kind and region blind; the others are read all the same.
    """
    wanted = list(kinds)
    places = list(regions or scope.regions)
    listed = list({kind.name: kind for kind in [*wanted, DOMAIN]}.values())
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        rows = {
            # boto3 sessions are not thread-safe, so clients are made on this thread.
            (region, kind.name): pool.submit(_list, clients(kind.service, region), kind)
            for region in places
            for kind in listed
        }
        tags = {
            region: pool.submit(_tags, clients("resourcegroupstaggingapi", region))
            for region in places
        }
    found = [
        item
        for region in places
        for kind in wanted
        for item in _attributed(
            kind,
            region,
            rows[region, kind.name].result()[0],
            scope,
            tags[region].result()[0],
            _own_domains(rows[region, DOMAIN.name].result()[0], scope),
        )
    ]
    reasons = {(region, kind): listing.result()[1] for (region, kind), listing in rows.items()}
    reasons |= {(region, _TAGS): listing.result()[1] for region, listing in tags.items()}
    resources = [item for item in found if isinstance(item, Resource)]
    unattributed = [item for item in found if isinstance(item, Unattributed)]
    blind = [Blind(region, kind, why) for (region, kind), why in reasons.items() if why]
    return Scan(
        tuple(sorted(resources, key=lambda r: r.key)),
        tuple(sorted(unattributed, key=lambda u: (u.region, u.kind, u.name))),
        tuple(sorted(blind, key=lambda b: (b.region, b.kind))),
    )


def _list(client: Any, kind: Kind) -> tuple[Rows, str]:
    """The rows of a kind, and why there may be more ("" when these are all)."""
    # Lambda's own boto3 may be older than the table.
    if not hasattr(client, kind.list_op):
        return [], f"this boto3 has no {kind.list_op}"
    return _read_all(client, kind.list_op, kind.list_key)


def _tags(client: Any) -> tuple[dict[str, dict[str, str]], str]:
    """ARN -> tags of every SageMaker resource that carries the workshop's tag."""
    rows, why = _read_all(
        client,
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[{"Key": TAG_WORKSHOP}],
        ResourceTypeFilters=["sagemaker"],
    )
    return {row["ResourceARN"]: {t["Key"]: t["Value"] for t in row["Tags"]} for row in rows}, why


def _read_all(client: Any, operation: str, key: str, **parameters: Any) -> tuple[Rows, str]:
    """All rows of all pages; where a page fails, those before it and the reason."""
    rows: Rows = []
    try:
        for page in client.get_paginator(operation).paginate(**parameters):
            rows += page[key]
    except (ClientError, BotoCoreError) as error:
        return rows, _why(error)
    return rows, ""


def _why(error: Exception) -> str:
    code = error_code(error)
    return f"{code}: {error_message(error)}" if code else str(error)


def _own_domains(rows: Rows, scope: Scope) -> frozenset[str]:
    name = domain_name(scope.workshop)
    return frozenset(row["DomainId"] for row in rows if row["DomainName"] == name)


def _attributed(
    kind: Kind,
    region: str,
    rows: Rows,
    scope: Scope,
    tags: Mapping[str, dict[str, str]],
    domains: frozenset[str],
) -> Iterator[Resource | Unattributed]:
    for row in rows:
        status = str(row.get(kind.status_field, "")) if kind.status_field else ""
        if kind.action(status) == GONE:
            continue
        name = str(row[kind.name_field])
        own_tags = tags.get(str(row.get(kind.arn_field, "")), {})
        ownership = attribute(kind, row, scope, own_tags, domains)
        if ownership is None:
            continue
        if ownership.owner is None:
            yield Unattributed(kind.name, region, name, ownership.why)
            continue
        if scope.only is not None and ownership.owner not in scope.only:
            continue
        yield Resource(
            kind=kind.name,
            region=region,
            name=name,
            ids=tuple((f, str(row[f])) for f in kind.id_fields if row.get(f)),
            status=status,
            owner=ownership.owner,
            why=ownership.why,
            managed=is_managed(kind, name, ownership.owner, scope),
            protected=is_protected(kind, row, scope),
            created=row.get(kind.created_field),
        )
