"""What the local AWS answers and makes, as tables: read from its own code and botocore's model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

_VERBS = ("Create", "Import", "Describe", "List", "Update", "Start", "Stop", "Delete")


def sagemaker_operations() -> str:
    """Operations by kind, what cannot be deleted when, how many of botocore's are there."""
    from rehearsal.sagemaker import catalog
    from rehearsal.sagemaker.kinds import KINDS
    from rehearsal.sagemaker.schema import operations_of
    from rehearsal.world import service_model

    model = service_model("sagemaker")
    answered = set(catalog.OPERATIONS)
    rows = []
    for kind in KINDS:
        own = operations_of(model, kind)
        answered |= set(own)
        verbs = [v for v in _VERBS if any(name.startswith(v) for name in own)]
        settled = _deletable(kind.deletable_from, "Delete" in verbs)
        rows.append((kind.noun, ", ".join(verbs), settled, "states only" if kind.fails else ""))
    special = ", ".join(sorted(set(catalog.OPERATIONS)))
    rows.append(("beyond their rows", special, "", ""))
    offered = set(model.operation_names)
    return _table(("kind", "operations", "can be deleted in", "what it does"), rows) + (
        f"\n{len(answered)} of the {len(offered)} operations in botocore's model, by verb "
        f"{_by_verb(answered, offered)}. The others answer `UnknownOperationException`:\n\n"
        + _words(offered - answered)
    )


def _by_verb(answered: set[str], offered: set[str]) -> str:
    return ", ".join(
        f"{verb} {sum(n.startswith(verb) for n in answered)}"
        f"/{sum(n.startswith(verb) for n in offered)}"
        for verb in ("Create", "Describe", "List", "Update", "Stop", "Delete")
    )


def _deletable(states: Iterable[str], has_delete: bool) -> str:
    if not has_delete:
        return "never"
    return ", ".join(sorted(states)) or "any state"


def cloudformation_operations() -> str:
    """CloudFormation's operations, in one paragraph."""
    from rehearsal.cloudformation.service import OPERATIONS

    return _words(OPERATIONS)


def cloudformation_types() -> str:
    """The resource types a template may have, by service."""
    from moto.cloudformation import parsing

    from rehearsal.cloudformation import custom, functions, moto, over_api
    from rehearsal.cloudformation.sagemaker_types import TYPES

    elsewhere = {"AWS::S3::BucketPolicy", "AWS::CDK::Metadata", custom.TYPE, functions.TYPE}
    elsewhere |= set(over_api.TYPES)
    of_moto = {
        name
        for name in parsing.get_model_map()
        if moto.is_supported(name) and not name.startswith("AWS::SageMaker::")
    }
    by_service: dict[str, list[str]] = defaultdict(list)
    for resource_type in sorted(of_moto | elsewhere | set(TYPES)):
        _, service, name = resource_type.split("::")
        by_service[service].append(name)
    return _table(
        ("service", "types"), [(service, ", ".join(n)) for service, n in by_service.items()]
    )


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) + "\n"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
