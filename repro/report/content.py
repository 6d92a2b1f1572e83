"""Everything a page says, gathered before it is laid out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from repro.evidence.looks import looks_at
from repro.report import facts
from repro.report.checklist import Item, checklist
from repro.report.gallery import Picture, charts, pictures
from repro.report.runs import Found, Group, groups, highest
from repro.verdicts.published import judge_published
from repro.verdicts.sample import Looks, Runs
from repro.verdicts.table import SENTENCES, TableVerdict, find_table, judge
from repro.verdicts.verdict import Verdict
from shared.appendix import Appendix, Cell, gather
from shared.claims import Table
from shared.paper import Paper


@dataclass(frozen=True)
class Content:
    """A paper, its evidence and the tables to show.

    Attributes:
        command: that makes this report.
        scope: names of the tables it is limited to; empty for the whole paper.
    """

    paper: Paper
    found: Found
    tables: tuple[Table, ...]
    command: str
    scope: tuple[str, ...] = ()

    @cached_property
    def runs(self) -> Runs:
        """The records, indexed for verdicts."""
        return Runs.of(self.found.records)

    @cached_property
    def looks(self) -> Looks:
        """How often seeds were added to a study, by the ledgers that go with the evidence."""
        return looks_at(self.found.places, [self.paper.name])

    @cached_property
    def groups(self) -> list[Group]:
        """Our runs by experiment; of the tables shown only, if the report is limited to some."""
        every = groups(self.paper, self.runs)
        if not self.scope:
            return every
        from repro.planning import experiments_for

        wanted = {e for t in self.tables for e in experiments_for(t)}
        return [g for g in every if g.experiment.id in wanted]

    @cached_property
    def verdicts(self) -> list[TableVerdict]:
        """Verdicts table by table."""
        return [judge(self.paper, t, self.runs, looks=self.looks) for t in self.tables]

    @cached_property
    def sentences(self) -> list[tuple[Verdict, Verdict | None]]:
        """The paper's sentences: judged on the published numbers, and on our runs."""
        own = {v.claim.id: v for t in self.verdicts for v in t.verdicts}
        if not self.scope:
            table = find_table(self.paper, SENTENCES)
            own |= {v.claim.id: v for v in judge(self.paper, table, self.runs, looks=self.looks).verdicts}
        return [(v, own[v.claim.id]) for v in judge_published(self.paper) if v.claim.id in own]

    @cached_property
    def pictures(self) -> list[Picture]:
        """The figures that have something to show, the paper's own ones last."""
        return [*pictures(self.paper, self.tables, self.groups), *charts(self.appendix)]

    @cached_property
    def appendix(self) -> Appendix:
        """What this paper alone shows."""
        top = [g for who in dict.fromkeys(g.who for g in self.groups) for g in highest(self.groups, who)]
        evidence = {g.experiment.id: Cell(g.scale, g.records) for g in top}
        return gather(self.paper.appendix, evidence, [t.id for t in self.tables])

    @cached_property
    def checklist(self) -> list[Item]:
        """Reproducibility checklist."""
        return checklist(self.paper, [r for g in self.groups for r in g.records], self.groups)

    @property
    def every_verdict(self) -> list[Verdict]:
        """All verdicts on our runs."""
        return [v for t in self.verdicts for v in t.verdicts] + [o for _, o in self.sentences if o is not None]

    @property
    def deviations(self) -> facts.Rows:
        """Settings in which our runs differ from the published protocol."""
        return facts.deviations({v.claim.id: v for v in self.every_verdict}.values())


def command_for(paper: str, places: Sequence[object], scope: Sequence[str] = (), default: bool = False) -> str:
    """The command that makes a report from these places."""
    words = ["repro", "report", paper]
    for name in scope:
        words += ["--table", name]
    if not default:
        for place in places:
            words += ["--from", str(place)]
    return shlex.join(words)
