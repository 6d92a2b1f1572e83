"""What ``--scale auto`` means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from repro.planning import experiments_for
from repro.registry import load
from repro.scale import choose
from repro.single import Asked, plan
from shared.paper import Paper

PAPER = load("flipout")


def having(*scales: str) -> Paper:
    return replace(PAPER, scales={k: v for k, v in PAPER.scales.items() if k in scales})


@pytest.mark.parametrize(
    ("scales", "taken"),
    [(("demo", "reduced", "paper"), "demo"), (("reduced", "paper"), "reduced"), (("paper",), "paper")],
)
def test_without_a_gpu_auto_is_the_smallest_scale_that_the_paper_has(
    monkeypatch: pytest.MonkeyPatch, scales: tuple[str, ...], taken: str
) -> None:
    monkeypatch.setattr("repro.scale.has_cuda", lambda: False)
    monkeypatch.setattr("repro.single.has_cuda", lambda: False)
    paper = having(*scales)
    table = paper.table("vgg19")
    choices = (choose(paper, table, "auto", experiments_for(table), None), plan(paper, Asked()).choice)
    assert [c.scale for c in choices] == [taken] * 2
    assert [c.reason.endswith(", and flipout has no smaller scale") for c in choices] == [taken != "demo"] * 2
