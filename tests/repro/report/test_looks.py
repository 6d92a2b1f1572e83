"""Looks count wherever verdicts are given: verify --from, the report, the READMEs, evidence shown beside a run."""

from __future__ import annotations

import pytest

from repro import home
from repro.evidence.looks import look, looks
from repro.evidence.store import append
from repro.report import readme
from repro.report.write import gather
from repro.request import Request, prepare
from repro.verification import committed, from_records, judge
from shared.training.rundir import write_atomic

TABLE = "vgg19"
CELL = "vgg19/flipout/99.9"


@pytest.fixture(scope="module")
def root(paper, made, tmp_path_factory):
    """Exported evidence of one cell, and a ledger of three looks at it."""
    root = tmp_path_factory.mktemp("results")
    for seed in (42, 43, 44):
        append(root / "flipout" / "paper.jsonl", made(CELL, "paper", seed))
        look(root, paper.at_scale(CELL, "paper", seed).study, range(42, seed + 1))
    return root


def levels(tables):
    """Levels of the published numbers that were tested."""
    return {v.level for t in tables for v in t.verdicts if v.kind == "value" and v.n > 1}


def test_every_way_to_a_verdict_counts_the_looks(paper, root, monkeypatch):
    places = [[root], [root / "flipout"], [root / "flipout" / "paper.jsonl"]]
    for paths in places:
        assert levels(from_records(paper, TABLE, paths, "auto", None).tables) == {0.0221}
        assert levels(gather(paper, [TABLE], paths).verdicts) == {0.0221}
    monkeypatch.setattr(home, "results_dir", lambda: root)
    assert levels(committed(paper, paper.table(TABLE), above="demo")) == {0.0221}
    assert levels(gather(paper, [TABLE], runs_dir=root / "none").verdicts) == {0.0221}
    monkeypatch.setattr(readme, "ROOT", root.parent)
    (root.parent / "results").symlink_to(root)
    assert levels(readme._one.__wrapped__("flipout", TABLE).verdicts) == {0.0221}


def test_without_a_ledger_a_look_is_the_first(paper, root, tmp_path):
    (tmp_path / "paper.jsonl").write_bytes((root / "flipout" / "paper.jsonl").read_bytes())
    assert levels(from_records(paper, TABLE, [tmp_path], "auto", None).tables) == {0.05}


def test_seeds_that_were_fixed_up_front_are_one_look_however_they_come_in(paper, made, tmp_path):
    def verify(seeds, there):
        prepared = prepare(Request(paper, paper.table(TABLE), scale="demo", seeds=seeds, runs_dir=tmp_path))
        for run in prepared.runs:
            if run.experiment == CELL and run.seed in there:
                write_atomic(run.directory / "record.json", made(CELL, "demo", run.seed).model_dump_json())
        return len(judge(prepared).records)

    study = paper.at_scale(CELL, "demo", 42).study
    assert verify("42-46", (42, 43, 44)) == 3  # two have failed, or another process has them
    assert looks(tmp_path, study) == 1
    assert verify("42-46", range(42, 47)) == 5
    assert looks(tmp_path, study) == 1
    assert verify("42-47", range(42, 48)) == 6
    assert looks(tmp_path, study) == 2
    assert looks(tmp_path, paper.at_scale("vgg19/snip/99.9", "demo", 42).study) == 0  # nobody has seen a run of it
