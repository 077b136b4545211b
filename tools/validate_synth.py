"""Synthesise with every check on: CDK's own validation, cdk-nag, cfn-lint.

    python -m tools.validate_synth

One Studio and one notebook attendee: findings carry construct names, so more attendees
would only repeat them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from stacks.node import use_supported_node
from workshop.config import load_workshop
from workshop.model import Attendee, Workshop

EXAMPLE = Path("workshop.yaml")


def main() -> int:
    """Check the example workshop; 0 if nothing was found, 1 otherwise."""
    clean = [check(*variant) for variant in variants(load_workshop(EXAMPLE))]
    return 0 if all(clean) else 1


def variants(workshop: Workshop) -> list[tuple[str, Workshop]]:
    """The same workshop with one attendee of each kind: in a domain of its own, in another."""
    region = workshop.regions[0]
    attendees = (
        Attendee(id="ann", region=region, environment="studio"),
        Attendee(id="bob", region=region, environment="notebook"),
    )
    own = replace(workshop, attendees=attendees, regions=(region,), domains={}, networks={})
    return [
        ("own domain", own),
        ("existing domain", replace(own, domains={region: "d-abcdefghijkl"})),
    ]


def check(variant: str, workshop: Workshop) -> bool:
    """Synthesise and lint one variant; False if anything was found."""
    with TemporaryDirectory() as directory:
        assembly = Path(directory)
        sys.stdout.write(f"{variant}:\n")
        if not synthesise(workshop, assembly):
            return False
        sys.stdout.write("  cdk validation and cdk-nag (AwsSolutions): no findings\n")
        clean = [lint(template, region) for template, region in stack_templates(assembly)]
        return all(clean)


def synthesise(workshop: Workshop, assembly: Path) -> bool:
    """Write a workshop's cloud assembly with cdk-nag on; False if anything was found."""
    use_supported_node()
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks

    from stacks.compose import add_workshop, new_app

    app = new_app(assembly)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    add_workshop(app, workshop)
    try:
        app.synth()
    except RuntimeError as failure:  # how jsii passes on what was thrown in CDK's core
        sys.stderr.write(f"{failure}\n")
        return False
    return True


def stack_templates(assembly: Path) -> list[tuple[Path, str]]:
    """The assembly's templates, each with the region of its stack."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    return [
        (assembly / artifact["properties"]["templateFile"], artifact["environment"].split("/")[-1])
        for _, artifact in sorted(manifest["artifacts"].items())
        if artifact["type"] == "aws:cloudformation:stack"
    ]


def lint(template: Path, region: str) -> bool:
    """Run cfn-lint on a template for its region; False if it found anything."""
    program = Path(sys.executable).with_name("cfn-lint")
    command = [str(program), "--regions", region, "--template", str(template)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    verdict = "no findings" if done.returncode == 0 else "findings"
    sys.stdout.write(f"  cfn-lint {template.name} ({region}): {verdict}\n")
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
