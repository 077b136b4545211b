"""What the local AWS answers and makes, as tables: read from its own code and botocore's model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore import xform_name

_VERBS = ("Create", "Describe", "List", "Update", "Start", "Stop", "Delete")


def sagemaker_operations() -> str:
    """Operations by kind, the states from which a deletion is accepted, and the count."""
    from rehearsal.clock import SteppedClock
    from rehearsal.machine import Machine
    from rehearsal.sagemaker.kinds import KINDS
    from rehearsal.world import World, service_model

    with TemporaryDirectory() as directory:
        world = World(SteppedClock(), Machine(Path(directory), "http://127.0.0.1:1"))
        answered = set(world.sagemaker.operations)
    left = set(answered)
    rows = []
    for kind in KINDS:
        nouns = {verb: kind.plural if verb == "List" else kind.noun for verb in _VERBS}
        verbs = [verb for verb, noun in nouns.items() if f"{verb}{noun}" in answered]
        left -= {f"{verb}{nouns[verb]}" for verb in verbs}
        rows.append(
            (kind.noun, ", ".join(verbs), _deletable(kind.deletable_from, "Delete" in verbs))
        )
    rows.append(("any kind", ", ".join(sorted(left)), ""))
    offered = len(service_model("sagemaker").operation_names)
    return _table(("kind", "operations", "can be deleted in"), rows) + (
        f"\n{len(answered)} of the API's {offered} operations. "
        "The others answer `UnknownOperationException`.\n"
    )


def _deletable(states: Iterable[str], has_delete: bool) -> str:
    if not has_delete:
        return "never"
    return ", ".join(sorted(states)) or "any state"


def cloudformation_operations() -> str:
    """CloudFormation's operations, in one paragraph."""
    from rehearsal.cloudformation.service import CloudFormation
    from rehearsal.world import service_model

    names = service_model("cloudformation").operation_names
    return _words(name for name in names if hasattr(CloudFormation, xform_name(name)))


def cloudformation_types() -> str:
    """The resource types a template may have, by service."""
    from moto.cloudformation import parsing

    from rehearsal.cloudformation import moto
    from rehearsal.cloudformation.sagemaker import TYPES

    elsewhere = {"AWS::S3::BucketPolicy", "AWS::CDK::Metadata"}
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
