"""Compose the stacks of a workshop: one shared per region, one per attendee."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk

from costs.prices import Prices
from lifecycle_configs.bundle import Bundle, build_bundle
from lifecycle_configs.labs import Labs, LabsUnavailable, copy_labs
from stacks import places
from stacks.attendee import AttendeeStack
from stacks.shared import SharedStack
from workshop import names
from workshop.model import Workshop


def new_app(outdir: Path | None = None) -> cdk.App:
    """A CDK app that writes neither usage metadata nor a construct tree.

    `outdir` is where the assembly goes; None leaves it to the CDK CLI (`CDK_OUTDIR`).
    """
    return cdk.App(
        outdir=str(outdir) if outdir else None,
        analytics_reporting=False,
        stack_traces=False,
        tree_metadata=False,
    )


def add_workshop(app: cdk.App, workshop: Workshop, prices: Prices) -> None:
    """Add a workshop's stacks to an app, with a bundle built from this checkout.

    `prices` are what its guard goes by, where they differ from those that are shipped.

    The bundle holds the labs as they are in the workshop's repository now. Where they cannot
    be had, a line on stderr says so ("warning: ..."), and the bundle is built without: then
    environments depend on git alone.
    """
    with TemporaryDirectory() as directory:
        labs = _labs(workshop, Path(directory))
        # CDK copies the asset into its own output at once.
        add_stacks(app, workshop, build_bundle(Path(directory), labs), prices)


def _labs(workshop: Workshop, directory: Path) -> Labs | None:
    repository = workshop.repository
    try:
        return copy_labs(repository, directory)
    except LabsUnavailable as reason:
        sys.stderr.write(
            f"warning: no copy of the labs goes along, so environments that cannot reach git "
            f"will have none: {repository.url} at {repository.ref}: {reason}\n"
        )
        return None


def add_stacks(app: cdk.App, workshop: Workshop, bundle: Bundle, prices: Prices) -> None:
    """Add a workshop's stacks to an app.

    Attendee stacks depend on their region's shared stack, so that `cdk deploy --all` and
    the deploy engine know the order.
    """
    qualifier = app.node.try_get_context(places.QUALIFIER_CONTEXT) or places.DEFAULT_QUALIFIER
    cdk.Tags.of(app).add(names.TAG_WORKSHOP, workshop.name)
    for region in workshop.regions:
        attendees = workshop.attendees_in(region)
        if not attendees:
            continue
        shared = SharedStack(
            app,
            workshop=workshop,
            region=region,
            bundle=bundle,
            prices=prices,
            qualifier=qualifier,
            synthesizer=synthesizer(workshop, qualifier),
        )
        for attendee in attendees:
            stack = AttendeeStack(
                app,
                workshop=workshop,
                attendee=attendee,
                lifecycle_arn=shared.lifecycle_arn,
                synthesizer=synthesizer(workshop, qualifier),
            )
            stack.add_stack_dependency(shared)


def synthesizer(workshop: Workshop, qualifier: str) -> cdk.CliCredentialsStackSynthesizer:
    """Deploy with the instructor's own credentials; assets under the workshop's prefix.

    One per stack: copies of a shared one would collect all stacks' assets in every manifest.
    """
    return cdk.CliCredentialsStackSynthesizer(
        qualifier=qualifier, bucket_prefix=names.assets_prefix(workshop.name)
    )
