"""K-means in two stages: mini-batches move extra centers, Lloyd's algorithm leaves k of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Rows at a time, so that distances to many centers fit into memory.
_CHUNK = 4096
_MOST_EXTRA = 10
_TRIALS = 10


@dataclass(frozen=True, slots=True)
class Lloyd:
    """How Lloyd's algorithm runs: starts, iterations, and the change of loss that ends it."""

    init_method: str = "kmeans++"
    trials: int = _TRIALS
    max_iterations: int = 300
    tolerance: float = 0.0001


def nearest(rows: np.ndarray, centers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest center of every row, and its Euclidean distance."""
    closest = np.empty(len(rows), np.intp)
    distances = np.empty(len(rows))
    norms = (centers**2).sum(1)
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK].astype(np.float64)
        best = (norms - 2 * chunk @ centers.T).argmin(1)
        closest[start : start + _CHUNK] = best
        # Not from the expanded square, which loses the digits of a small distance.
        distances[start : start + _CHUNK] = np.sqrt(((chunk - centers[best]) ** 2).sum(1))
    return closest, distances


def cluster(
    rows: np.ndarray,
    k: int,
    *,
    random: np.random.Generator,
    batch_size: int = 5000,
    epochs: int = 1,
    extra_factor: int | None = None,
    half_life: int = 0,
    init_method: str = "random",
    lloyd: Lloyd | None = None,
) -> np.ndarray:
    """The k centers of some rows.

    `extra_factor` times k centers are kept while batches pass; None takes up to ten times as
    many, as the rows allow. After `half_life` rows a row's weight has halved; 0 means never.

    Raises:
        ValueError: there are fewer rows than centers.
    """
    if len(rows) < k:
        raise ValueError(f"{len(rows)} rows are too few for {k} clusters")
    factor = extra_factor or max(1, min(_MOST_EXTRA, len(rows) // (2 * k)))
    count = min(k * factor, len(rows))
    rows = rows.astype(np.float64)
    first = rows[random.permutation(len(rows))[: max(batch_size, count)]]
    centers = start_centers(first, count, init_method, random, np.ones(len(first)))
    weights = np.zeros(count)
    for _ in range(epochs):
        order = random.permutation(len(rows))
        for start in range(0, len(rows), batch_size):
            batch = rows[order[start : start + batch_size]]
            _move(centers, weights, batch, half_life)
    met = weights > 0
    if met.sum() < k:  # more centers than distinct rows
        met[:] = True
        weights = np.maximum(weights, 1e-9)
    return reduce_centers(centers[met], weights[met], k, lloyd or Lloyd(), random)


def _move(centers: np.ndarray, weights: np.ndarray, batch: np.ndarray, half_life: int) -> None:
    """Move every center to the weighted mean of what it has met, this batch included."""
    if half_life:
        weights *= 0.5 ** (len(batch) / half_life)
    closest, _ = nearest(batch, centers)
    counts = np.bincount(closest, minlength=len(centers)).astype(float)
    sums = np.zeros_like(centers)
    np.add.at(sums, closest, batch)
    met = counts > 0
    total = weights + counts
    centers[met] = (centers[met] * weights[met, None] + sums[met]) / total[met, None]
    weights[:] = total


def start_centers(
    rows: np.ndarray,
    count: int,
    method: str,
    random: np.random.Generator,
    weights: np.ndarray,
) -> np.ndarray:
    """Rows to start from: random ones, or by k-means++ far from those already chosen."""
    if method == "random":
        return rows[random.choice(len(rows), count, replace=False)].copy()
    chosen = [int(random.choice(len(rows), p=weights / weights.sum()))]
    squares = ((rows - rows[chosen[0]]) ** 2).sum(1)
    while len(chosen) < count:
        mass = squares * weights
        total = mass.sum()
        # All that is left coincides with a center: any row will do.
        odds = mass / total if total > 0 else None
        chosen.append(int(random.choice(len(rows), p=odds)))
        squares = np.minimum(squares, ((rows - rows[chosen[-1]]) ** 2).sum(1))
    return rows[chosen].copy()


def reduce_centers(
    rows: np.ndarray, weights: np.ndarray, k: int, lloyd: Lloyd, random: np.random.Generator
) -> np.ndarray:
    """The k centers of weighted rows: the best of several runs of Lloyd's algorithm."""
    runs = [
        _iterate(rows, weights, start_centers(rows, k, lloyd.init_method, random, weights), lloyd)
        for _ in range(lloyd.trials)
    ]
    return min(runs, key=lambda run: run[1])[0]


def _iterate(
    rows: np.ndarray, weights: np.ndarray, centers: np.ndarray, lloyd: Lloyd
) -> tuple[np.ndarray, float]:
    loss = np.inf
    for _ in range(lloyd.max_iterations):
        closest, distances = nearest(rows, centers)
        now = float((weights * distances**2).sum())
        mass = np.bincount(closest, weights, minlength=len(centers))
        sums = np.zeros_like(centers)
        np.add.at(sums, closest, rows * weights[:, None])
        met = mass > 0
        centers[met] = sums[met] / mass[met, None]
        if now == 0 or (loss - now) / now < lloyd.tolerance:
            break
        loss = now
    _, distances = nearest(rows, centers)
    return centers, float((weights * distances**2).sum())
