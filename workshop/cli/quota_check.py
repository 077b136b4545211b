"""What `workshop check` does, in its order: look, show, split, ask, follow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from costs.own_prices import load_prices
from modules.declarations import Module
from quotas.demand import class_in
from quotas.fit import RegionFit
from quotas.increases import Ask, plan_increases
from quotas.requests import Filed
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
class _Quotas:
    """What one look at the quotas found."""

    fits: tuple[RegionFit, ...]
    findings: tuple[Finding, ...]
    asks: tuple[Ask, ...]


def _judge(read: Sequence[RegionQuotas]) -> _Quotas:
    fits = tuple(quotas.judge() for quotas in read)
    findings = (*_unread(read), *(summarise(fit) for fit in fits))
    asks = plan_increases(fits, open_requests=_open_requests(read))
    return _Quotas(fits, findings, asks)


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
        load_prices(self.config)  # a file that does not parse is told before AWS is asked
        if self.asked.split:
            return self._run_split()
        considered = tuple(r for r in self.chosen if self.workshop.attendees_in(r))
        with ThreadPoolExecutor(max_workers=1) as pool:
            reading = pool.submit(self._survey, considered)
            findings, unusable = self._examine(self.workshop, self.chosen)
            read = reading.result()
        # Where a region cannot be asked at all, the examination has said why.
        read = tuple(quotas for quotas in read if quotas.region not in unusable)
        return self._tell(findings, _judge(read))

    def _run_split(self) -> int:
        """Find the split, then look at the regions where it sends somebody: these decide."""
        considered = quota_split.choose_considered(self.workshop, self.asked.considered)
        read = self._survey(considered)
        found = quota_split.find_split(self.workshop, [quotas.judge() for quotas in read])
        unread = _unread(read)
        workshop, regions = self.workshop, self.chosen
        if found.counts is not None:
            workshop, regions = quota_split.place(self.workshop, found.counts), tuple(found.counts)
            # What is not known of a region to which nobody is sent is only told.
            unread = [f if f.region in regions else replace(f, state="ok") for f in unread]
        findings, _ = self._examine(workshop, regions)
        summary = quota_split.summarise_split(self.workshop, found)
        return self._tell_split(sorted([*findings, *unread, summary]), found)

    def _examine(
        self, workshop: Workshop, regions: Sequence[str]
    ) -> tuple[list[Finding], frozenset[str]]:
        """What is found about all but quotas, and the regions that cannot be asked."""
        prices, findings = read_missing_prices(
            workshop,
            self.modules,
            self.config,
            self.clients,
            self.now,
            keep=not self.asked.dry_run,
        )
        examined = examine(
            workshop, regions, self.modules, self.clients, prices=prices, now=self.now
        )
        return [*findings, *examined.findings], frozenset(regions) - frozenset(examined.regions)

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

    def _tell(self, examined: Sequence[Finding], quotas: _Quotas) -> int:
        findings = sorted([*examined, *quotas.findings])
        tables = [
            ("Findings", _findings_table(findings)),
            ("Regions", quota_tables.region_table(quotas.fits)),
            ("Quotas", quota_tables.quota_table(quotas.fits, every=self.asked.every)),
            ("Increases", quota_tables.increase_table(quotas.asks)),
        ]
        code = self._show(findings, quotas.fits, tables)
        result: dict[str, Any] = quota_tables.to_json(quotas.fits, quotas.asks)
        if quotas.asks and not self.asked.request:
            note("ask AWS for these increases: workshop check --request")
        filed: list[Filed] = []
        if self.asked.request:
            filed = self._request(quotas.asks)
            result["requested"] = quota_requests.to_json(filed)
        if self.asked.watch and quotas.asks and not self.asked.dry_run:
            quotas = self._watch(quotas, filed)
            findings = sorted([*examined, *quotas.findings])
            code = exit_code([*(f.state for f in findings), *_line_states(quotas.fits)])
            result |= quota_tables.to_json(quotas.fits, quotas.asks)
        if self.asked.as_json:
            print_json({**_verdict(findings, quotas.fits, code), **result})
        return code

    def _request(self, asks: Sequence[Ask]) -> list[Filed]:
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
        return filed

    def _watch(self, quotas: _Quotas, filed: Sequence[Filed]) -> _Quotas:
        """Follow the requests, then look at the quotas again; returns what is found then."""
        note("following the requests; Ctrl-C ends it, and they stay")
        found = quota_requests.watch_increases(
            quotas.asks, filed, self.clients, time.monotonic, time.sleep
        )
        if not self.asked.as_json:
            self._print(quota_requests.increases_table(found))
        missing = [ask for ask in quotas.asks if (ask.region, ask.code) not in found]
        for ask in missing:
            note(f"nobody has asked for {ask.name} ({ask.code}) in {ask.region}")
        again = _judge(self._survey([fit.region for fit in quotas.fits]))
        for finding in again.findings:
            note(f"{finding.region}: {finding.what}")
        return again

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
            written = quota_split.write_split(
                self.config,
                self.workshop,
                found.counts,
                yes=self.asked.yes,
                dry_run=self.asked.dry_run,
            )
            if written:
                note("now look at what the file says: workshop check")
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
