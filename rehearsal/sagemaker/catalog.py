"""All rules and all operations of their own, family by family."""

from __future__ import annotations

from rehearsal.sagemaker import (
    apps,
    components,
    endpoints,
    experiments,
    features,
    hosting,
    images,
    jobs,
    labeling,
    monitoring,
    notebooks,
    pipelines,
    platforms,
    registry,
    studio,
    studio_scripts,
    tagging,
    unexecuted,
)
from rehearsal.sagemaker.plane import Handler
from rehearsal.sagemaker.rules import Rules

RULES: dict[str, Rules] = {
    **studio.RULES,
    **apps.RULES,
    **studio_scripts.RULES,
    **images.RULES,
    **notebooks.RULES,
    **hosting.RULES,
    **endpoints.RULES,
    **components.RULES,
    **jobs.RULES,
    **unexecuted.RULES,
    **pipelines.RULES,
    **registry.RULES,
    **monitoring.RULES,
    **experiments.RULES,
    **features.RULES,
    **labeling.RULES,
    **platforms.RULES,
}

OPERATIONS: dict[str, Handler] = {
    **tagging.OPERATIONS,
    **studio.OPERATIONS,
    **images.OPERATIONS,
    **notebooks.OPERATIONS,
    **endpoints.OPERATIONS,
    **components.OPERATIONS,
    **unexecuted.OPERATIONS,
    **pipelines.OPERATIONS,
    **registry.OPERATIONS,
    **monitoring.OPERATIONS,
    **experiments.OPERATIONS,
    **labeling.OPERATIONS,
    **platforms.OPERATIONS,
}
