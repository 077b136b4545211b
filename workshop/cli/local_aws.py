"""`workshop local-aws`: the local AWS alone, empty."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from workshop.cli.options import json_option
from workshop.cli.output import note, print_json


@click.command("local-aws")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free port.")
@click.option("--region", default="us-east-1", show_default=True, help="The exported region.")
@click.option(
    "--bootstrapped",
    is_flag=True,
    help="With what `cdk bootstrap` makes in the region, so that workshop deploy works.",
)
@click.option(
    "--clock",
    type=click.Choice(["real", "scaled", "stepped"]),
    default="scaled",
    show_default=True,
    help="AWS's waits take their time, or its share --pace, or end when a step passes them.",
)
@click.option("--pace", type=click.FloatRange(0), default=0.01, show_default=True)
@click.option(
    "--quotas",
    metavar="FILE",
    default="raised",
    show_default=True,
    help="raised (all to 1000), aws-defaults, or a file of values by region and code.",
)
@click.option(
    "--faults",
    "faults_file",
    type=click.Path(path_type=Path),
    help="A YAML or JSON file of faults on demand.",
)
@json_option
def command(
    port: int,
    region: str,
    bootstrapped: bool,
    clock: str,
    pace: float,
    quotas: str,
    faults_file: Path | None,
    as_json: bool,
) -> None:
    """Start an empty local AWS and print the exports that lead any AWS client to it.

    It runs until Ctrl-C and keeps nothing. What it has and where it differs from AWS:
    docs/rehearsal.md.

    Example: workshop local-aws --bootstrapped --port 4599
    """
    from rehearsal import account, isolation
    from rehearsal.clock import make_clock
    from rehearsal.faults import faults
    from rehearsal.quotas import applied
    from rehearsal.server import local_aws, settle_environment
    from workshop.aws import make_clients

    applied_quotas = applied.load(quotas)
    faults_on_demand = faults.load(faults_file)
    settle_environment()
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    with local_aws(
        port,
        clock=make_clock(clock, pace),
        quotas=applied_quotas,
        faults=faults_on_demand,
    ) as (url, _):
        variables = isolation.exports(url, region)
        if bootstrapped:
            import os

            os.environ.update(variables)
            account.bootstrap(make_clients(), account.ACCOUNT, [region])
        if as_json:
            print_json({"url": url, "exports": variables})
        else:
            click.echo(isolation.shell_exports(variables), nl=False)
        note("Ctrl-C ends it.")
        stop.wait()
