"""The local AWS as a process: `python -m rehearsal.server`.

Prints one JSON line, {"url": ...}, once it answers; ends on SIGINT, on SIGTERM and when
its standard input closes, so that it never outlives whoever started it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waitress.server import create_server

from rehearsal.channel import Channel
from rehearsal.clock import KINDS, Clock, ScaledClock, make_clock
from rehearsal.faults import faults as faults_on_demand
from rehearsal.faults.faults import Faults
from rehearsal.front import Front
from rehearsal.inprocess import answer_in_process, run
from rehearsal.machine import Machine
from rehearsal.quotas import applied
from rehearsal.quotas.applied import AppliedQuotas
from rehearsal.world import World
from workshop.errors import UsageError

TICK_SECONDS = 0.02
# AWS's waits take a hundredth of their time: a domain 1.8 s, an app 0.6 s.
DEFAULT_PACE = 0.01
# Every warm process of a function keeps its own; waitress's default is 100. Those beyond the
# limit would wait until somebody hangs up.
_CONNECTIONS = 4000
_THREADS = 32
_LAST_TICK_SECONDS = 2.0


def settle_environment() -> None:
    """Drop every AWS setting: our own clients must reach nothing but ourselves."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        # AWS's managed policies, which roles name and the policy simulator reads.
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
    )


@contextmanager
def local_aws(
    port: int = 0,
    *,
    clock: Clock | None = None,
    directory: Path | None = None,
    quotas: AppliedQuotas | None = None,
    faults: Faults | None = None,
    check_answers: bool = False,
) -> Iterator[tuple[str, World]]:
    """Serve the local AWS on a loopback port (0: a free one); yields its URL and its world.

    Without a clock, AWS's waits take a hundredth of their time; without quotas, all of the
    account's have been raised. With `check_answers`, what AWS could not have answered is an
    InternalFailure. Raises UsageError when the port cannot be had.
    """
    # The world needs the port, which only the bound server knows.
    door: list[Front] = []

    def application(environ: Any, start_response: Any) -> Any:
        return door[0](environ, start_response)

    try:
        server = create_server(
            application,
            host="127.0.0.1",
            port=port,
            threads=_THREADS,
            connection_limit=_CONNECTIONS,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            ident="local-aws",
            max_request_body_size=5 * 1024**3,
        )
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be used", str(error), "choose another port, or 0 for a free one"
        ) from error
    server.channel_class = Channel
    root = directory or Path(tempfile.mkdtemp(prefix="local-aws-"))
    url = f"http://127.0.0.1:{server.effective_port}"
    machine = Machine(root, url)
    world = World(clock or ScaledClock(DEFAULT_PACE), machine, quotas=quotas, faults=faults)
    front = Front(world, check_answers=check_answers)
    door.append(front)
    # Jobs move megabytes between S3 and containers: past the sockets, which copy each several
    # times, and past nothing else.
    machine.connect = lambda client: answer_in_process(client, lambda it: run(front, it))
    stopping = threading.Event()
    threads = [
        threading.Thread(target=server.run, name="server", daemon=True),
        threading.Thread(target=_tick, args=(world, stopping), name="clock", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield url, world
    finally:
        stopping.set()
        threads[-1].join(_LAST_TICK_SECONDS)  # it could start what closing does not see
        world.close()
        machine.close()
        server.close()


def _tick(world: World, stopping: threading.Event) -> None:
    log = logging.getLogger(__name__)
    while not stopping.wait(TICK_SECONDS):
        try:
            world.tick()
        except Exception:
            log.exception("a tick broke")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--pace",
        type=float,
        default=DEFAULT_PACE,
        help="how long AWS's waits take here (1 is AWS's time; default %(default)s)",
    )
    parser.add_argument(
        "--clock",
        choices=KINDS,
        default="scaled",
        help="AWS's waits take their time, or its share --pace, or end when POST /_local/clock "
        "steps over them (default %(default)s)",
    )
    parser.add_argument(
        "--quotas",
        default=applied.RAISED,
        help=f"{applied.RAISED} (all to 1000; the default), {applied.AWS_DEFAULTS}, or a file",
    )
    parser.add_argument("--faults", type=Path, default=None, help="a file of faults on demand")
    parser.add_argument(
        "--check-answers",
        action="store_true",
        help="for tests: an answer that botocore's model does not allow is an InternalFailure",
    )
    parser.add_argument("--directory", type=Path, default=None, help="where jobs keep files")
    return parser


def main() -> None:
    """Serve until told to stop."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="local-aws: %(levelname)s %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    settle_environment()
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda *_: stop.set())
    threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
    started = time.monotonic()
    try:
        quotas = applied.load(arguments.quotas)
        faults = faults_on_demand.load(arguments.faults)
    except UsageError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    with local_aws(
        arguments.port,
        clock=make_clock(arguments.clock, arguments.pace),
        directory=arguments.directory,
        quotas=quotas,
        faults=faults,
        check_answers=arguments.check_answers,
    ) as (url, _):
        ready = {"url": url, "seconds": round(time.monotonic() - started, 2)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        stop.wait()


def _wait_for_end_of_input(stop: threading.Event) -> None:
    if sys.stdin is None or sys.stdin.isatty():
        return
    while sys.stdin.buffer.read(65536):
        pass
    stop.set()


if __name__ == "__main__":
    main()
