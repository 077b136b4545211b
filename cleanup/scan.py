"""What exists: one paginated list per kind and region, two tag listings per region.

What is listed under a parent (a pipeline's executions) takes one list per parent that is
ours. No call is ever made per resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cleanup.attribution import Place, attribute, is_managed, is_of_module, protection
from cleanup.calls import Caller, Listing
from cleanup.kind import GONE, Kind, Row, value
from cleanup.kinds import BY_NAME, KINDS
from cleanup.listing import list_kind, list_tagged, plain_tags, tags_by_arn
from cleanup.resources import TAGS, Blind, Resource, Scan, Scope, Unattributed
from workshop.names import TAG_KEEP, TAG_WORKSHOP, sagemaker_arn

_DOMAIN = "domain"

Found = tuple[Resource | Unattributed, Row]


@dataclass(slots=True)
class _Region:
    """What is known of one region: `tags` and `domains` (the workshop's own) from one look to
    the next, the rest of the present look."""

    name: str
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    # SageMaker's ARNs among them, by what follows the account, in lower case.
    arns: dict[str, str] = field(default_factory=dict)
    tags_problem: str = ""
    domains: set[str] = field(default_factory=set)
    place: Place = field(default_factory=Place)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    found: dict[str, list[Found]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def note_problem(self, kind: str, why: str) -> None:
        """Keep the first reason why a kind could not be listed in full."""
        self.problems[kind] = self.problems.get(kind) or why


class Scanner:
    """Looks at a scope again and again. What a deleted domain leaves behind is still ours, so
    the workshop's domains are remembered."""

    def __init__(self, scope: Scope, caller: Caller) -> None:
        self._scope = scope
        self._caller = caller
        self._regions = [_Region(name) for name in scope.regions]

    def look(self, kinds: Iterable[Kind] = KINDS, *, with_tags: bool = True) -> Scan:
        """Return everything of the workshop that exists of some kinds in its regions.

        Without tags, those of the look before serve: enough to see what still moves. A listing
        that fails makes its kind and region blind; the others are read all the same.
        """
        wanted = [kind.name for kind in kinds]
        for region in self._regions:
            region.rows, region.found, region.problems = {}, {}, {}
        self._read_lists(_needed(wanted), with_tags=with_tags)
        for region in self._regions:
            region.arns = {
                arn.split(":", 5)[5].lower(): arn for arn in region.tags if ":sagemaker:" in arn
            }
            _update_place(region, self._scope)
            region.problems[TAGS] = region.tags_problem
            for name, rows in region.rows.items():
                found = _attributed(region, BY_NAME[name], rows, self._scope)
                region.found[name] = list(found)
        self._read_children([kind for name in wanted if (kind := BY_NAME[name]).parent])
        return self._result(wanted)

    def _read_lists(self, kinds: list[Kind], *, with_tags: bool) -> None:
        tags = (TAG_WORKSHOP, TAG_KEEP) if with_tags else ()
        # Of a region either what carries a tag, or a kind in one of its variants.
        reads: list[tuple[_Region, Kind | None, Row, str]] = [
            (region, None, {}, tag) for region in self._regions for tag in tags
        ]
        reads += [
            (region, kind, variant, "")
            for region in self._regions
            for kind in kinds
            for variant in kind.variants
        ]

        def read(one: tuple[_Region, Kind | None, Row, str]) -> Listing:
            region, kind, variant, tag = one
            if kind is None:
                return list_tagged(self._caller, region.name, tag)
            return list_kind(self._caller, region.name, kind, variant)

        if with_tags:
            for region in self._regions:
                region.tags, region.tags_problem = {}, ""
        for (region, kind, _, _), listing in zip(
            reads, self._caller.together(read, reads), strict=True
        ):
            if kind is None:
                region.tags |= tags_by_arn(listing.rows)
                region.tags_problem = region.tags_problem or listing.problem
            else:
                region.rows.setdefault(kind.name, []).extend(listing.rows)
                region.note_problem(kind.name, listing.problem)

    def _read_children(self, kinds: list[Kind]) -> None:
        reads = [
            (region, kind, variant, parent, row)
            for region in self._regions
            for kind in kinds
            if kind.parent
            for parent, row in region.found[kind.parent.kind]
            if isinstance(parent, Resource)
            for variant in kind.variants
        ]
        listings = self._caller.together(
            lambda one: list_kind(self._caller, one[0].name, one[1], one[2], one[4]), reads
        )
        for (region, kind, _, parent, _), listing in zip(reads, listings, strict=True):
            children = region.found.setdefault(kind.name, [])
            children += _attributed(region, kind, listing.rows, self._scope, parent)
            region.note_problem(kind.name, listing.problem)
        for region in self._regions:
            for kind in kinds:
                if kind.parent and region.problems.get(kind.parent.kind):
                    region.note_problem(kind.name, f"{kind.parent.kind} could not be listed")

    def _result(self, wanted: list[str]) -> Scan:
        found = [
            item for r in self._regions for name in wanted for item, _ in r.found.get(name, ())
        ]
        blind = [
            Blind(region.name, kind, why)
            for region in self._regions
            for kind, why in region.problems.items()
            if why
        ]
        return Scan(
            tuple(sorted((i for i in found if isinstance(i, Resource)), key=lambda r: r.key)),
            tuple(
                sorted(
                    (i for i in found if isinstance(i, Unattributed)),
                    key=lambda u: (u.region, u.kind, u.name),
                )
            ),
            tuple(sorted(blind, key=lambda b: (b.region, b.kind))),
        )


def listings_of(kinds: Iterable[Kind]) -> int:
    """How many listings a scan of one region makes, those under parents not counted."""
    needed = _needed([kind.name for kind in kinds])
    return sum(len(kind.variants) for kind in needed) + len((TAG_WORKSHOP, TAG_KEEP))


def _needed(wanted: list[str]) -> list[Kind]:
    """The kinds to list: those wanted, the parents of some, and always the domains."""
    parents = [parent.kind for name in wanted if (parent := BY_NAME[name].parent)]
    return [kind for kind in KINDS if kind.name in {*wanted, *parents, _DOMAIN} and not kind.parent]


def _update_place(region: _Region, scope: Scope) -> None:
    """Note what of a region decides about others."""
    rows = region.rows[_DOMAIN]
    kind = BY_NAME[_DOMAIN]
    region.domains |= {
        str(row["DomainId"])
        for row in rows
        if (
            found := attribute(
                kind, row, scope, region.tags.get(str(row.get(kind.arn_field)), {}), Place()
            )
        )
        and found.owner is not None
    }
    networks = {
        arn.rpartition("/")[2]
        for arn, tags in region.tags.items()
        if ":vpc/" in arn and tags.get(TAG_WORKSHOP) == scope.workshop
    }
    unseen = region.problems[_DOMAIN]
    living = None if unseen else frozenset(str(row["DomainId"]) for row in rows)
    region.place = Place(frozenset(region.domains), frozenset(networks), living)


def _attributed(
    region: _Region,
    kind: Kind,
    rows: Iterable[Row],
    scope: Scope,
    parent: Resource | None = None,
) -> Iterator[Found]:
    for row in rows:
        status = kind.status_in(row)
        if kind.action(status) == GONE:
            continue
        name = kind.name_in(row)
        arn = _arn_of(region, kind, row, scope.account)
        tags = {**plain_tags(row.get(kind.tags_field)), **region.tags.get(arn, {})}
        ownership = attribute(kind, row, scope, tags, region.place, parent)
        if ownership is None:
            continue
        if ownership.owner is None:
            if scope.only is None and not scope.module:
                yield Unattributed(kind.name, region.name, name, ownership.why), row
            continue
        if not _is_asked_for(name, ownership.owner, scope, tags):
            continue
        resource = Resource(
            kind=kind.name,
            region=region.name,
            name=name,
            ids=kind.ids_in(row),
            status=status,
            owner=ownership.owner,
            why=ownership.why,
            managed=is_managed(kind, name, ownership.owner, scope),
            protected=protection(kind, row, scope, tags, parent),
            created=value(row, kind.created_field) if kind.created_field else None,
            arn=arn,
            instance_type=str(value(row, kind.instance_field) or "") if kind.instance_field else "",
            fee=kind.fee_of(row) if kind.fee_of else "",
            claimed=tags.get(TAG_WORKSHOP) == scope.workshop,
            within=tuple((k, str(v)) for k, field in kind.within if (v := value(row, field))),
        )
        yield resource, row


def _arn_of(region: _Region, kind: Kind, row: Row, account: str) -> str:
    """A row's ARN; "" where the listing has none and it cannot be told.

    What the Tagging API calls an app is in the case it was made in or in lower case: both have
    been seen (Studio's resource-metadata.json has a ResourceArnCaseSensitive of its own).
    """
    if kind.arn_path is not None:
        path = kind.arn_path(row)
        return region.arns.get(path.lower()) or sagemaker_arn(region.name, account, path)
    return str(value(row, kind.arn_field) or "") if kind.arn_field else ""


def _is_asked_for(name: str, owner: str, scope: Scope, tags: Mapping[str, str]) -> bool:
    if scope.only is not None and owner not in scope.only:
        return False
    return not scope.module or is_of_module(name, owner, scope, tags)
