"""`workshop cleanup`: stop what bills, then delete what attendees made."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from workshop.cli.boundary import explain
from workshop.cli.durations import Duration
from workshop.cli.options import config_option, json_option, plan_options, region_option
from workshop.cli.output import decide, note, print_json
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED, UsageError

if TYPE_CHECKING:
    from cleanup.audit import AuditLog
    from cleanup.sweep import Plan, SweepResult
    from workshop.cli.money import Rates
    from workshop.cli.sweep_report import Report
    from workshop.cli.sweep_tasks import Task


@click.command("cleanup")
@click.option(
    "--attendee",
    "attendees",
    multiple=True,
    metavar="ID",
    help="Only this attendee's things; may be given several times.",
)
@click.option("--module", default="", metavar="NAME", help="Only what was made in this lab.")
@region_option
@click.option(
    "--older-than",
    type=Duration(),
    metavar="DURATION",
    help="Only what was made longer ago: 90m, 2h, 1d.",
)
@click.option(
    "--keep-environments",
    is_flag=True,
    help="Leave apps and the environments' notebook instances running.",
)
@click.option("--records", is_flag=True, help="Delete the records of jobs that have ended, too.")
@click.option(
    "--stop-me",
    is_flag=True,
    help="In an environment: stop the app or instance that this runs on, last of all.",
)
@click.option(
    "--everything",
    is_flag=True,
    help="Sweep all of SageMaker in the regions; only in an account that the YAML lists under "
    "cleanup.dedicated_accounts, after its id was typed.",
)
@click.option(
    "--give-up-after",
    type=Duration(),
    metavar="DURATION",
    help="Set aside what has not moved for so long; by default 30m, and 1h where AWS takes longer.",
)
@click.option("--no-prices", is_flag=True, help="Do not read what things run on.")
@click.option(
    "--audit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to append the audit log; by default a file of its own in sweeps/.",
)
@click.option(
    "--audit-s3", is_flag=True, help="Keep the audit log in the workshop's bucket as well."
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a report in Markdown, to be forwarded to whoever pays.",
)
@config_option
@plan_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    config: Path,
    attendees: tuple[str, ...],
    module: str,
    regions: tuple[str, ...],
    older_than: timedelta | None,
    keep_environments: bool,
    records: bool,
    stop_me: bool,
    everything: bool,
    give_up_after: timedelta | None,
    no_prices: bool,
    audit: Path | None,
    audit_s3: bool,
    report: Path | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Stop what bills, then delete what attendees made, until two looks find nothing left.

    Files stay, and so do environments: a notebook instance is stopped, a space keeps its
    volume; to remove them too: workshop destroy. In an attendee's environment, without
    --config, it cleans up after that attendee, and leaves the app it runs on to the last and
    to --stop-me. A second space or notebook instance of theirs is no environment: it is deleted
    with its volume. Exit code 0: clean; 1: something remains, or nothing was done since there
    was neither a terminal to ask nor --yes; 3: a listing failed, so nothing can be said.

    Example: workshop cleanup --attendee a001 --dry-run
    """
    from cleanup.kinds import KINDS
    from workshop.cli.findings_of_scan import note_scan
    from workshop.cli.sweep_report import Report
    from workshop.cli.sweep_tasks import Wishes, find_task
    from workshop.cli.sweep_views import interruptible, plan_json, show_kept, show_plan

    wishes = Wishes(
        attendees=attendees,
        module=module,
        regions=regions,
        older_than=older_than,
        keep_environments=keep_environments,
        records=records,
        stop_me=stop_me,
        everything=everything,
        give_up_after=give_up_after,
    )
    chosen = context.get_parameter_source("config") != click.core.ParameterSource.DEFAULT
    task = find_task(wishes, config, instructor=chosen)
    with task.audit_log(audit) as log:
        sweep = task.sweep(log)
        plan = sweep.plan()
        task.check_seat(plan)
        rates = {} if no_prices else task.rates(plan)
        if not as_json:
            show_plan(plan.decision, rates)
            show_kept(plan.decision.kept)
        note_scan(plan.scan)
        if not _may_execute(task, plan, rates, yes=yes, dry_run=dry_run):
            if as_json:
                print_json(plan_json(plan, rates))
            if report:
                note("no report is written, since nothing was done")
            if not (dry_run or _at_terminal()):
                return EXIT_FAILED
            return EXIT_OK if plan.scan.complete else EXIT_UNVERIFIED
        # Before the sweep: afterwards, nothing tells what has run and is deleted.
        spending = None if no_prices else task.spending(plan)
        started = datetime.now(UTC)
        with interruptible(log):
            # What appears after an empty plan was neither shown nor agreed to.
            result = sweep.run(plan, look_only=not plan.decision.remaining)
        ended = datetime.now(UTC)
        own_kinds = len(task.kinds) < len(KINDS)
        told = Report(
            *(task.actor, task.scope, started, ended, plan, result, rates, own_kinds),
            bill=None if spending is None else spending.bill(task.prices, ended),
            oldest="" if spending is None else spending.oldest(task.prices),
        )
        _show(told, as_json)
        code = exit_code(result)
        if report and not _write_report(report, told.markdown()):
            code = code or EXIT_FAILED
        if log.written:
            note(f"audit log: {log.path}")
            if audit_s3 and not _keep_audit(task, log):
                code = code or EXIT_FAILED
        if task.stop_me and not task.stop_seat(sweep):
            code = EXIT_FAILED
        elif not task.stop_me:
            _tell_seat(task, plan, rates)
    return code


def _may_execute(task: Task, plan: Plan, rates: Rates, *, yes: bool, dry_run: bool) -> bool:
    """Whether to go on after the plan. With nothing to do, only the second look is left."""
    from workshop.cli.money import total
    from workshop.cli.sweep_views import describe

    busy = plan.decision.remaining
    seat = task.seat_in(plan) if task.stop_me else []
    if not busy:
        note("nothing to stop or delete")
        if not seat:
            return not dry_run
    # Without any prices, which nobody asked for, there is nothing to say of them.
    saved = rates and total((*busy, *seat), rates)
    parts = [f"stop or delete {len(busy)} resource{'' if len(busy) == 1 else 's'}"] if busy else []
    parts += [f"stop what this runs on ({describe(own)})" for own in seat]
    summary = ", then ".join(parts) + (f"; that saves {saved}" if saved else "")
    if task.scope.everything and not dry_run:
        return _account_typed(task.scope.account, summary)
    return decide(yes, dry_run, summary)


def _show(told: Report, as_json: bool) -> None:
    """Print what a sweep did and left, and what the workshop has cost."""
    from workshop.cli.cost_so_far import bill_json, not_counted
    from workshop.cli.sweep_views import result_json, show_result

    if as_json:
        spent = None if told.bill is None else bill_json(told.bill)
        print_json({**result_json(told.result, told.rates), "spent": spent})
        return
    show_result(told.result, told.rates)
    note(told.verdict)
    if told.bill is not None:
        note(f"{told.costs} ({not_counted(told.bill)})")


def _write_report(path: Path, text: str) -> bool:
    """Whether a report could be written: the sweep is over, so that it cannot be refused."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        note(f"the report was not written: {error}; what it would say is in the audit log")
        return False
    note(f"report: {path}")
    return True


def _keep_audit(task: Task, log: AuditLog) -> bool:
    """Whether an audit log could be copied into the bucket; it is on this disk in any case."""
    try:
        note(f"audit log: {task.keep_audit(log)}")
    except (ClientError, BotoCoreError) as error:
        note(f"the audit log was not copied into the bucket: {explain(error).why}")
        return False
    return True


def _tell_seat(task: Task, plan: Plan, rates: Rates) -> None:
    """Say what the command itself runs on, since it goes on and bills."""
    from workshop.cli.money import total
    from workshop.cli.sweep_views import describe

    for own in task.seat_in(plan):
        costs = f", {total([own], rates)}" if own.key in rates else ""
        note(f"this still runs: {describe(own)}{costs}; to stop it too: workshop cleanup --stop-me")


def _account_typed(account: str, summary: str) -> bool:
    """Whether the account's id was typed on a terminal: nothing else will do."""
    if not _at_terminal():
        raise UsageError(
            "--everything needs a terminal",
            f"the id of the account must be typed before all of its SageMaker goes ({summary})",
            "run it by hand; or leave out --everything",
        )
    typed = click.prompt(f"{summary}, whoever it belongs to. Type the account's id", err=True)
    if typed.strip() != account:
        note(f"that is not {account}: nothing was changed")
        return False
    return True


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def exit_code(result: SweepResult) -> int:
    """What a sweep's result means to the shell."""
    if result.remaining:
        return EXIT_FAILED
    return EXIT_OK if result.verified else EXIT_UNVERIFIED
