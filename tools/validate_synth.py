"""Synthesise with every check on: CDK's own validation, cdk-nag, and cfn-lint for all regions.

    python -m tools.validate_synth

One Studio and one notebook attendee: findings carry construct names, so more attendees
would only repeat them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from costs.prices import shipped
from stacks.node import use_supported_node
from workshop.config import load_workshop
from workshop.config.tables import environments_by_region, regions_without_image_builds
from workshop.model import Attendee, Workshop
from workshop.names import TAG_ATTENDEE

EXAMPLE = Path("workshop.yaml")
# cfn-lint is one thread, and a machine of CI has two cores.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Template:
    """A stack's template, and the regions that it is meant for."""

    path: Path
    regions: tuple[str, ...]


def main() -> int:
    """Check the example workshop; 0 if nothing was found, 1 otherwise."""
    clean = [check(*variant) for variant in variants(load_workshop(EXAMPLE))]
    return 0 if all(clean) else 1


def variants(workshop: Workshop) -> list[tuple[str, Workshop]]:
    """The same workshop in all that makes other templates: whose the domain is, one or both
    kinds of environments, since some regions have only one, container images that attendees
    build, and what the guard may do."""
    region = workshop.regions[0]
    ann = Attendee(id="ann", region=region, environment="studio")
    bob = Attendee(id="bob", region=region, environment="notebook")
    own = replace(
        workshop,
        attendees=(ann, bob),
        regions=(region,),
        domains={},
        networks={},
        guard=replace(workshop.guard, notify=("instructor@example.com",)),
    )
    deletes = replace(own.cleanup, after_end="delete")
    return [
        ("own domain", own),
        ("existing domain", replace(own, domains={region: "d-abcdefghijkl"})),
        ("Studio alone", replace(own, attendees=(ann,))),
        ("image builds", replace(own, builds_images=True)),
        ("notebook instances, deletes", replace(own, attendees=(bob,), cleanup=deletes)),
    ]


def check(variant: str, workshop: Workshop) -> bool:
    """Synthesise and lint one variant; False if anything was found."""
    with TemporaryDirectory() as directory:
        assembly = Path(directory)
        sys.stdout.write(f"{variant}:\n")
        if not synthesise(workshop, assembly):
            return False
        sys.stdout.write("  cdk validation and cdk-nag (AwsSolutions): no findings\n")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            clean = list(pool.map(lint, stack_templates(assembly, workshop)))
        return all(clean)


def synthesise(workshop: Workshop, assembly: Path) -> bool:
    """Write a workshop's cloud assembly with cdk-nag on; False if anything was found."""
    use_supported_node()
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks

    from stacks.compose import add_workshop, new_app

    app = new_app(assembly)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    add_workshop(app, workshop, shipped())
    try:
        app.synth()
    except RuntimeError as failure:  # how jsii passes on what was thrown in CDK's core
        sys.stderr.write(f"{failure}\n")
        return False
    return True


def stack_templates(assembly: Path, workshop: Workshop) -> list[Template]:
    """The assembly's templates. An attendee's is meant for every region that has their kind of
    environment, the shared one for those that have all kinds of the workshop."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    kinds = {attendee.id: attendee.environment for attendee in workshop.attendees}
    found = []
    for _, artifact in sorted(manifest["artifacts"].items()):
        if artifact["type"] != "aws:cloudformation:stack":
            continue
        properties = artifact["properties"]
        owner = properties["tags"].get(TAG_ATTENDEE)
        needed = [kinds[owner]] if owner else kinds.values()
        regions = [
            region
            for region in regions_with(needed)
            if not workshop.builds_images or region not in regions_without_image_builds()
        ]
        found.append(Template(assembly / properties["templateFile"], tuple(regions)))
    return found


def regions_with(environments: Iterable[str]) -> tuple[str, ...]:
    """The regions that the configuration allows for all of some environments."""
    wanted = set(environments)
    return tuple(
        region
        for region, possible in environments_by_region().items()
        if possible and wanted <= set(possible)
    )


def lint(template: Template) -> bool:
    """Run cfn-lint on a template for its regions; False if it found anything."""
    program = Path(sys.executable).with_name("cfn-lint")
    command = [str(program), "--regions", *template.regions, "--template", str(template.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    verdict = "no findings" if done.returncode == 0 else "findings"
    sys.stdout.write(
        f"  cfn-lint {template.path.name} ({len(template.regions)} regions): {verdict}\n"
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
