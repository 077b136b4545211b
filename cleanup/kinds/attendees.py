"""The kinds that attendees' roles let them make and work in: what their own sweep looks for.

Whatever else there is of theirs somebody else has made for them, and the instructor's sweep
finds it; their roles could not even list it.
"""

from __future__ import annotations

ATTENDEE_KINDS = frozenset(
    {
        "app",
        "endpoint",
        "endpoint-config",
        "model",
        "notebook-instance",
        "processing-job",
        "training-job",
        "transform-job",
        "tuning-job",
        "warm-pool",
    }
)

# What they can make as well where a lab has them build container images.
BUILDER_KINDS = frozenset({"ecr-repository"})
