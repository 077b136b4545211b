"""What a workshop needs of each quota in a region. Pure.

Two layers bind at the same time: the quota of an instance type for a use, and the total
over all types of that use. Modules are run one after the other, so the peak over the
modules counts, not their sum; profiles, spaces and workspaces are there all the time.
GB across Studio spaces is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from modules.declarations import Module
from quotas import catalog
from quotas.catalog import Quota
from workshop.model import JOB_USES, JobUse, Workshop

Kind = Literal["domains", "user profiles", "spaces", "apps", "notebook instances"] | JobUse


@dataclass(frozen=True, slots=True)
class Demand:
    """The units of one quota that `attendees` people need, `fixed` ones included.

    `kind` says what must be listed to know how many units are in use.
    """

    kind: Kind
    quota: Quota
    per_attendee: int
    attendees: int
    fixed: int = 0

    @property
    def need(self) -> int:
        """Units in all."""
        return self.fixed + self.per_attendee * self.attendees


def demand_in(workshop: Workshop, region: str, modules: Sequence[Module]) -> tuple[Demand, ...]:
    """Return what the workshop needs of every quota in a region, sorted by quota name.

    `modules` are the declarations of the workshop's modules.
    """
    attendees = workshop.attendees_in(region)
    in_studio = sum(1 for attendee in attendees if attendee.environment == "studio")
    workspace = workshop.instances.workspace
    demands = _jobs(modules, len(attendees))
    if in_studio:
        own_domain = 0 if region in workshop.domains else 1
        demands += [
            Demand("domains", catalog.quota(catalog.DOMAINS), 0, in_studio, fixed=own_domain),
            Demand("user profiles", catalog.quota(catalog.USER_PROFILES), 1, in_studio),
            Demand("spaces", catalog.quota(catalog.SPACES), 1, in_studio),
            Demand("apps", catalog.quota(catalog.RUNNING_APPS), 1, in_studio),
            Demand("apps", catalog.type_quota("studio", workspace), 1, in_studio),
        ]
    in_notebooks = len(attendees) - in_studio
    if in_notebooks:
        demands += [
            Demand(
                "notebook instances", catalog.quota(catalog.NOTEBOOK_INSTANCES), 1, in_notebooks
            ),
            Demand(
                "notebook instances", catalog.type_quota("notebook", workspace), 1, in_notebooks
            ),
        ]
    return tuple(sorted((d for d in demands if d.need), key=lambda d: d.quota.name))


def _jobs(modules: Sequence[Module], attendees: int) -> list[Demand]:
    demands = []
    for use in JOB_USES:
        # `|` of counters is the maximum per key: the peak over the modules.
        peak: Counter[str] = Counter()
        total = 0
        for module in modules:
            needs: Counter[str] = Counter()
            for need in module.needs:
                if need.use == use:
                    needs[need.instance_type] += need.count
            peak |= needs
            total = max(total, needs.total())
        demands += [
            Demand(use, catalog.type_quota(use, name), count, attendees)
            for name, count in sorted(peak.items())
        ]
        demands.append(Demand(use, catalog.quota(catalog.TOTALS[use]), total, attendees))
    return demands
