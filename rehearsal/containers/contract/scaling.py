"""Shifting and scaling the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Scaler:
    """(x - mean) / deviation, column by column."""

    mean: np.ndarray
    deviation: np.ndarray

    def apply(self, table: np.ndarray) -> np.ndarray:
        """The scaled table, float64."""
        scaled: np.ndarray = (table - self.mean) / self.deviation
        return scaled

    def invert(self, table: np.ndarray) -> np.ndarray:
        """The table before scaling."""
        original: np.ndarray = table * self.deviation + self.mean
        return original


def fit_scaler(table: np.ndarray, *, shift: bool, scale: bool) -> Scaler:
    """The scaler that gives each column mean 0 (`shift`) and deviation 1 (`scale`)."""
    columns = table.astype(np.float64)
    mean = columns.mean(0) if shift else np.zeros(columns.shape[1])
    deviation = columns.std(0) if scale else np.ones(columns.shape[1])
    # A constant column stays what it is after the shift.
    return Scaler(mean, np.where(deviation > 0, deviation, 1.0))
