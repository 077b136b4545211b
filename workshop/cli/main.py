"""The `workshop` command: a table of commands, imported when they are called.

A command module exposes `command`, a click command whose return value is the exit code
(None means 0). Of ours only errors and interrupts are imported here, of others click, so that
`workshop --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import click

from workshop.cli.interrupts import deliver_lost_interrupts
from workshop.errors import EXIT_OK, ConfigError, WorkshopError

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its module's name in `workshop.cli`, and its line in the help."""

    module: str
    help: str


# Grouped by the way an instructor uses them; the order is the order of the help.
SECTIONS: dict[str, dict[str, Entry]] = {
    "Try it without AWS": {
        "rehearse": Entry("rehearse", "Run the whole workshop on this machine, and sweep it."),
        "local-aws": Entry("local_aws", "Start an empty local AWS and print how to use it."),
    },
    "Prepare": {
        "init": Entry("init", "Write a commented workshop.yaml."),
        "modules": Entry("modules", "List the labs: what they need and what they cost."),
        "check": Entry("check", "Check configuration, credentials, regions and quotas."),
        "cost": Entry("cost", "Estimate what the workshop costs."),
        "canary": Entry("canary", "Try everything once with a throw-away attendee."),
    },
    "Teach": {
        "deploy": Entry("deploy", "Create or update every attendee's environment."),
        "open": Entry("open", "Print an attendee's sign-in link."),
        "status": Entry("status", "Show what exists and what runs."),
        "run": Entry("run", "Execute a lab headless and check its result."),
        "guard": Entry("guard", "Show what the guard knows and does; run it, or hold it."),
        "extend": Entry("extend", "Let the workshop end later."),
    },
    "Finish": {
        "collect": Entry("collect", "Archive attendees' work, and show whose is archived."),
        "cleanup": Entry("cleanup", "Stop what bills, then delete what attendees made."),
        "destroy": Entry("destroy", "Delete the workshop and verify that nothing is left."),
    },
}
COMMANDS: dict[str, Entry] = {
    name: entry for section in SECTIONS.values() for name, entry in section.items()
}


@dataclass(slots=True)
class Invocation:
    """What the error boundary must know of the command line, once it has been parsed."""

    debug: bool = False


def _remember_debug(context: click.Context, _: click.Parameter, debug: bool) -> None:
    if debug:
        context.ensure_object(Invocation).debug = True


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        envvar="WORKSHOP_DEBUG",
        callback=_remember_debug,
        help="Show the traceback of an error.",
    )


class LazyGroup(click.Group):
    """A click group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, without importing any."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command, and give it the `--debug` that all of them have."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = import_module(f"workshop.cli.{entry.module}").command
        if not any(parameter.name == "debug" for parameter in command.params):
            command.params.append(_debug_option())
        return command

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands section by section, from the table alone."""
        width = max(len(name) for name in COMMANDS)
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), e.help) for name, e in entries.items()])


@click.command(
    cls=LazyGroup,
    params=[_debug_option()],
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: workshop init && workshop check",
)
@click.version_option(package_name="sagemaker-workshop-toolkit", prog_name="workshop")
def cli() -> None:
    """Run a hands-on Amazon SageMaker workshop, from one YAML file to a bill of zero."""


def render_error(error: WorkshopError) -> str:
    """The text of an error for stderr: `error: what`, then why and fix, indented.

    A ConfigError lists its problems, each with its place and already indented.
    """
    if isinstance(error, ConfigError):
        return f"error: {error}"
    return "error: " + str(error).replace("\n", "\n  ")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. The one place where errors are printed."""
    invocation = Invocation()
    try:
        result = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="workshop",
            standalone_mode=False,
            obj=invocation,
        )
    except click.ClickException as error:  # click's own usage errors: exit code 2
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return _close_stdout_quietly()
    except Exception as error:  # noqa: BLE001 - the boundary: everything becomes three parts
        return _report(error, debug=invocation.debug)
    return result if isinstance(result, int) else EXIT_OK


def _report(error: Exception, *, debug: bool) -> int:
    from workshop.cli.boundary import explain

    explained = explain(error)
    if debug:
        import traceback

        traceback.print_exception(error)
    click.echo(render_error(explained), err=True)
    return explained.exit_code


def _close_stdout_quietly() -> int:
    """Leave without a word when the reader (`| head`) has gone away.

    Python would flush stdout once more at exit and complain; see the note on SIGPIPE in
    https://docs.python.org/3/library/signal.html.
    """
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_BROKEN_PIPE


def main() -> None:
    """The console script."""
    deliver_lost_interrupts()
    sys.exit(run())


if __name__ == "__main__":
    main()
