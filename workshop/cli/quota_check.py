"""What `workshop check` does, in its order: look, show, split, ask, follow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from modules.declarations import Module
from quotas.demand import class_in
from quotas.fit import RegionFit
from quotas.increases import Ask, plan_increases
from workshop.aws import Clients
from workshop.cli import quota_requests, quota_split, quota_tables
from workshop.cli.findings import Finding, State, exit_code
from workshop.cli.output import note, print_json, print_table
from workshop.cli.probes import examine
from workshop.cli.probes.prices import read_missing_prices
from workshop.cli.quota_survey import RegionQuotas, summarise, survey
from workshop.cli.quota_tables import STATES, Table
from workshop.errors import EXIT_OK
from workshop.model import Workshop


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    every: bool = False
    split: bool = False
    considered: str = ""
    write: bool = False
    request: bool = False
    watch: bool = False
    markdown: Path | None = None
    yes: bool = False
    dry_run: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `chosen` are the workshop's regions that are looked at, `now` has a time zone."""

    config: Path
    workshop: Workshop
    modules: Sequence[Module]
    clients: Clients
    chosen: tuple[str, ...]
    asked: Asked
    now: datetime

    def run(self) -> int:
        """Look, tell, change what was asked for, and return the exit code."""
        considered = self._considered()
        prices, findings = read_missing_prices(
            self.workshop,
            self.modules,
            self.config,
            self.clients,
            self.now,
            keep=not self.asked.dry_run,
        )
        with ThreadPoolExecutor(max_workers=1) as pool:
            reading = pool.submit(self._survey, considered)
            examined = examine(
                self.workshop,
                self.chosen,
                self.modules,
                self.clients,
                prices=prices,
                now=self.now,
            )
            read = reading.result()
        # Where a region cannot be asked at all, the examination has said why.
        unusable = set(self.chosen) - set(examined.regions)
        read = tuple(quotas for quotas in read if quotas.region not in unusable)
        fits = tuple(quotas.judge() for quotas in read)
        findings = [*findings, *examined.findings, *_unread(read)]
        if self.asked.split:
            found = quota_split.find_split(self.workshop, fits)
            findings.append(quota_split.summarise_split(self.workshop, found))
            return self._tell_split(sorted(findings), found)
        findings += [summarise(fit) for fit in fits]
        asks = plan_increases(fits, open_requests=_open_requests(read))
        return self._tell(sorted(findings), fits, asks)

    def _considered(self) -> tuple[str, ...]:
        """The regions whose quotas matter."""
        if self.asked.split:
            return quota_split.choose_considered(self.workshop, self.asked.considered)
        return tuple(region for region in self.chosen if self.workshop.attendees_in(region))

    def _survey(self, regions: Sequence[str]) -> tuple[RegionQuotas, ...]:
        return survey(
            self.workshop,
            self.modules,
            regions,
            self.clients,
            time.monotonic,
            time.sleep,
            # A split spreads the environments as the whole class has them, whoever is where now.
            class_in(self.workshop) if self.asked.split else None,
        )

    # -- a check of the workshop as its file has it ------------------------------------

    def _tell(
        self, findings: Sequence[Finding], fits: Sequence[RegionFit], asks: Sequence[Ask]
    ) -> int:
        tables = [
            ("Findings", _findings_table(findings)),
            ("Regions", quota_tables.region_table(fits)),
            ("Quotas", quota_tables.quota_table(fits, every=self.asked.every)),
            ("Increases", quota_tables.increase_table(asks)),
        ]
        code = self._show(findings, fits, tables)
        result: dict[str, Any] = quota_tables.to_json(fits, asks)
        if asks and not self.asked.request:
            note("ask AWS for these increases: workshop check --request")
        if self.asked.request:
            result["requested"] = self._request(asks)
        if self.asked.watch and asks and not self.asked.dry_run:
            findings, fits = self._watch(asks, findings)
            code = exit_code([*(f.state for f in findings), *_line_states(fits)])
            result |= quota_tables.to_json(fits, plan_increases(fits))
        if self.asked.as_json:
            print_json({**_verdict(findings, fits, code), **result})
        return code

    def _request(self, asks: Sequence[Ask]) -> list[dict[str, Any]]:
        caution = quota_tables.caution(asks)
        if caution:
            note(f"note: {caution}")
        filed = quota_requests.request_increases(
            asks,
            self.clients,
            time.monotonic,
            time.sleep,
            yes=self.asked.yes,
            dry_run=self.asked.dry_run,
        )
        if filed and not self.asked.as_json:
            self._print(quota_requests.filed_table(filed))
        return [
            {
                "region": done.ask.region,
                "code": done.ask.code,
                "desired": done.ask.desired,
                "outcome": done.outcome,
                "error": "" if done.error is None else str(done.error),
            }
            for done in filed
        ]

    def _watch(
        self, asks: Sequence[Ask], findings: Sequence[Finding]
    ) -> tuple[list[Finding], list[RegionFit]]:
        """Follow the requests, then look at the quotas again; returns what is found then."""
        note("following the requests; Ctrl-C ends it, and they stay")
        found = quota_requests.watch_increases(asks, self.clients, time.monotonic, time.sleep)
        if not self.asked.as_json:
            self._print(quota_requests.increases_table(found))
        missing = [ask for ask in asks if (ask.region, ask.code) not in found]
        for ask in missing:
            note(f"nobody has asked for {ask.name} ({ask.code}) in {ask.region}")
        read = self._survey(self._considered())
        fits = [quotas.judge() for quotas in read]
        again = [finding for finding in findings if finding.subject != "quotas"]
        again += [*_unread(read), *(summarise(fit) for fit in fits)]
        for finding in again:
            if finding.subject == "quotas":
                note(f"{finding.region}: {finding.what}")
        return sorted(again), fits

    # -- a split ----------------------------------------------------------------------

    def _tell_split(self, findings: Sequence[Finding], found: quota_split.Split) -> int:
        tables = [
            ("Findings", _findings_table(findings)),
            ("Split", quota_split.split_table(found)),
            ("Regions", quota_tables.region_table(found.fits)),
        ]
        code = self._show(findings, (), tables)
        if self.asked.as_json:
            result = {**quota_tables.to_json(found.fits, ()), "split": found.counts}
            print_json({**_verdict(findings, (), code), **result})
        if found.counts is None:
            return code
        if self.asked.write:
            quota_split.write_split(
                self.config,
                self.workshop,
                found.counts,
                yes=self.asked.yes,
                dry_run=self.asked.dry_run,
            )
        else:
            note("write it into the file: workshop check --split --write")
        return code

    # -- both -------------------------------------------------------------------------

    def _show(
        self,
        findings: Sequence[Finding],
        fits: Sequence[RegionFit],
        tables: Sequence[tuple[str, Table]],
    ) -> int:
        """Show the tables and what to do about the findings; returns the exit code."""
        if not self.asked.as_json:
            for _, table in tables:
                self._print(table)
        for finding in findings:
            if finding.state != "ok" or finding.why:
                where = f"{finding.region}: " if finding.region else ""
                state = "note" if finding.state == "ok" else finding.state
                note(f"{state}: {where}{finding.what}")
                note(f"  why: {finding.why}\n  fix: {finding.fix}")
        if self.asked.markdown is not None:
            title = f"SageMaker workshop {self.workshop.name}: check of {self.now:%Y-%m-%d %H:%M}"
            self.asked.markdown.write_text(
                quota_tables.to_markdown(title, tables), encoding="utf-8"
            )
            note(f"written: {self.asked.markdown}")
        return exit_code([*(f.state for f in findings), *_line_states(fits)])

    def _print(self, table: Table) -> None:
        if table.rows:
            print_table(table.columns, table.rows)


def _findings_table(findings: Sequence[Finding]) -> Table:
    return Table(
        ("region", "subject", "state", "what"),
        ((f.region or "all", f.subject, STATES[f.state], f.what) for f in findings),
    )


def _unread(read: Sequence[RegionQuotas]) -> list[Finding]:
    return [finding for quotas in read for finding in quotas.unread]


def _open_requests(read: Sequence[RegionQuotas]) -> int:
    return sum(increase.is_open for quotas in read for increase in quotas.increases)


def _line_states(fits: Sequence[RegionFit]) -> list[State]:
    return [line.state for fit in fits for line in fit.lines]


def _verdict(findings: Sequence[Finding], fits: Sequence[RegionFit], code: int) -> dict[str, Any]:
    states = [*(f.state for f in findings), *_line_states(fits)]
    return {
        "ok": code == EXIT_OK,
        "verified": "unknown" not in states,
        "findings": [asdict(finding) for finding in findings],
    }
