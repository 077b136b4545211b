"""Work that waits for other work: as much at once as there are workers, nothing too early."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import TypeVar

K = TypeVar("K")
R = TypeVar("R")


def in_turn(
    pool: Executor,
    work: Callable[[K], R],
    waits_for: Mapping[K, Collection[K]],
    *,
    succeeded: Callable[[R], bool],
    refuse: Callable[[K, K], R],
) -> Iterator[R]:
    """Do the work of all keys on the pool, and yield what comes out as it comes.

    A key begins when those it waits for have `succeeded`. Where one of them has not,
    `refuse(key, that one)` stands for the work. Keys that do not wait begin in their order.
    The keys must not wait in a circle, nor for one that is not there.
    """
    open_keys = dict(waits_for)
    done: dict[K, bool] = {}
    running: dict[Future[R], K] = {}
    while open_keys or running:
        for key in [k for k, before in open_keys.items() if done.keys() >= set(before)]:
            failed = [earlier for earlier in open_keys.pop(key) if not done[earlier]]
            if failed:
                done[key] = False
                yield refuse(key, failed[0])
            else:
                running[pool.submit(work, key)] = key
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            result = future.result()
            done[running.pop(future)] = succeeded(result)
            yield result
