"""K-means on points whose clusters are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rehearsal.containers.kmeans.clustering import Lloyd, cluster, nearest

CORNERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def clouds(size: int = 100) -> np.ndarray:
    random = np.random.default_rng(1)
    return np.concatenate([corner + random.normal(0, 0.5, (size, 2)) for corner in CORNERS])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 7},
        {"init_method": "kmeans++"},
        {"epochs": 3, "half_life": 50},
        {"extra_factor": 2, "init_method": "kmeans++"},
        {"lloyd": Lloyd(init_method="random", trials=20)},
    ],
)
def test_four_clouds_have_their_centers(options: dict[str, Any]) -> None:
    centers = cluster(clouds(), 4, random=np.random.default_rng(0), **options)

    _, distances = nearest(CORNERS, centers)
    assert len(centers) == 4
    assert distances.max() < 1.2


def test_the_same_rows_give_the_same_centers() -> None:
    first, second = (cluster(clouds(), 4, random=np.random.default_rng(0)) for _ in range(2))

    assert first.tolist() == second.tolist()


def test_a_distance_is_euclidean() -> None:
    closest, distances = nearest(np.array([[3.0, 4.0], [10.0, 9.0]]), CORNERS)

    assert closest.tolist() == [0, 3]
    assert distances.tolist() == [5.0, 1.0]


def test_rows_that_are_all_the_same_can_be_clustered() -> None:
    centers = cluster(np.ones((20, 2)), 3, random=np.random.default_rng(0))

    assert centers.tolist() == [[1, 1]] * 3


def test_fewer_rows_than_clusters_are_refused() -> None:
    with pytest.raises(ValueError, match="3 rows are too few for 4 clusters"):
        cluster(CORNERS[:3], 4, random=np.random.default_rng(0))
