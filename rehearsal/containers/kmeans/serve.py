"""Serve a k-means model: the closest cluster of every row, and the distance to it."""

from __future__ import annotations

from pathlib import Path

from rehearsal.containers.contract import server
from rehearsal.containers.contract.instances import read_instances, write_predictions
from rehearsal.containers.contract.models import load_model
from rehearsal.containers.contract.server import Reply, Request
from rehearsal.containers.kmeans.clustering import nearest


def load(folder: Path) -> server.Invoke:
    """What answers an invocation with the model in a folder."""
    centers = load_model(folder, "centers")["centers"]

    def invoke(request: Request) -> Reply:
        closest, distances = nearest(read_instances(request, centers.shape[1]), centers)
        return write_predictions(
            [
                {"closest_cluster": float(cluster), "distance_to_cluster": distance}
                for cluster, distance in zip(closest.tolist(), distances.tolist(), strict=True)
            ],
            request.accept,
        )

    return invoke


def main() -> int:
    """Load the model, then serve until SIGTERM."""
    return server.serve(load)
