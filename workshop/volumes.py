"""Sizes of the volumes that attendees get, in GiB: what is made, counted and priced."""

from __future__ import annotations

# A space's volume can grow up to the maximum and never shrink (SageMaker, UpdateSpace).
SPACE_GB = 5
SPACE_MAX_GB = 20
NOTEBOOK_GB = 5
