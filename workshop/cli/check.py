"""`workshop check`: can this account carry the workshop?"""

from __future__ import annotations

from pathlib import Path

import click

from workshop.cli.options import config_option, json_option, plan_options, region_option
from workshop.errors import UsageError


@click.command()
@config_option
@region_option
@click.option("--all", "every", is_flag=True, help="Show every quota, not only those that bind.")
@click.option("--split", is_flag=True, help="Find the best split of the class over regions.")
@click.option(
    "--regions",
    "considered",
    default="",
    metavar="A,B,C",
    help="With --split: the regions to consider, the preferred ones first.",
)
@click.option("--write", is_flag=True, help="With --split: write it into the file.")
@click.option("--request", is_flag=True, help="Ask AWS for the increases that are needed.")
@click.option("--watch", is_flag=True, help="Follow increase requests until AWS has decided.")
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write the tables as Markdown too, for a ticket.",
)
@click.option(
    "--iam-policy",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[COMMAND]",
    help="Print the IAM policy a command needs, or all commands', and look at nothing.",
)
@plan_options
@json_option
def command(
    config: Path,
    regions: tuple[str, ...],
    every: bool,
    split: bool,
    considered: str,
    write: bool,
    request: bool,
    watch: bool,
    markdown: Path | None,
    iam_policy: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Check configuration, credentials, regions, quotas, names and the repository.

    Prices that are missing or old are read, and kept in workshop.prices.csv beside the file;
    --dry-run does not keep them. Else it reads only, but for --write, which changes the file,
    and --request, which asks AWS for higher quotas; both show what they will do and ask first.
    With --split the question is whether the class fits into the regions together, wherever the
    file places it now.

    Exit code 0: the workshop fits; 1: it does not; 2: the configuration is wrong; 3:
    something could not be found out. With --request it is 1 until AWS has granted them;
    --request --watch waits for that and looks again.

    Example: workshop check --config workshop.yaml
    """
    from datetime import UTC, datetime

    from modules.declarations import load_module
    from workshop.aws import make_clients
    from workshop.cli.account import choose_regions
    from workshop.cli.output import note
    from workshop.cli.quota_check import Asked, Check
    from workshop.config import load_workshop

    if (write or considered) and not split:
        option = "--write" if write else "--regions"
        raise UsageError(
            f"{option} is an option of --split",
            "there is nothing to split without it",
            f"workshop check --split {option}{'' if write else f' {considered}'}",
        )
    if split and (request or watch or regions):
        raise UsageError(
            "--split cannot be combined with --request, --watch or --region",
            "increases are asked for where the file places the attendees",
            "write the split first (workshop check --split --write), then ask for increases",
        )
    workshop = load_workshop(config)
    if iam_policy is not None:
        from workshop.cli.iam_policy import print_policy

        return print_policy(workshop, iam_policy)
    chosen = choose_regions(workshop, regions)
    where = considered if split and considered else ", ".join(chosen)
    note(f"checking {workshop.name} in {where}")
    asked = Asked(every, split, considered, write, request, watch, markdown, yes, dry_run, as_json)
    check = Check(
        config,
        workshop,
        [load_module(name) for name in workshop.modules],
        make_clients(),
        chosen,
        asked,
        datetime.now(UTC),
    )
    return check.run()
