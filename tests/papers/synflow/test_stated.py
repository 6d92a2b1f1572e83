"""Numbers of the text are those of the runs that would be made, and would not be if those were others."""

import math
from dataclasses import replace

import pytest

from papers.synflow import cell, claims, paper, protocols, settings, stated
from repro.verdicts.exact import judge_exact

STATED = {
    "paper-synflow-iterations": 100,
    "paper-max-sparsity": 99.99,
    "paper-runs-per-point": 3,
    "paper-fig6-cells": 12,
    "seed-mag-pre-epochs": 200,
}


def claim(id):
    return next(c for t in ("text", "assignment") for c in paper.table(t).claims if c.id == id)


@pytest.mark.parametrize(("id", "value"), STATED.items())
def test_the_runs_are_as_stated(id, value):
    assert claim(id).measure() == pytest.approx(value, abs=1e-9)
    assert judge_exact(claim(id)).label == "HOLDS"


def broken(id):
    return judge_exact(claim(id)).label == "BROKEN"


def test_other_rounds_are_noticed(monkeypatch):
    monkeypatch.setattr(cell, "SYNFLOW_ROUNDS", 50)
    assert stated.synflow_rounds() == 50
    assert broken("paper-synflow-iterations")


def test_another_pretraining_is_noticed(monkeypatch):
    monkeypatch.setattr(settings, "PRETRAIN", 160)
    assert broken("seed-mag-pre-epochs")


def test_another_density_is_noticed(monkeypatch):
    monkeypatch.setattr(protocols, "of_exponent", lambda c: 10 ** -min(c, 3.0))
    assert stated.highest_sparsity() == pytest.approx(99.9)
    assert broken("paper-max-sparsity")


def test_a_missing_panel_is_noticed(monkeypatch):
    monkeypatch.setattr(protocols, "FIGURE6", dict(list(protocols.FIGURE6.items())[1:]))
    assert stated.panels() == 11


def test_tables_of_unequal_seeds_are_noticed(monkeypatch):
    tables = claims.tables()
    monkeypatch.setattr(claims, "tables", lambda: tables | {"cifar10": replace(tables["cifar10"], seeds=(1, 2))})
    assert math.isnan(claims.seeds())
    assert broken("paper-runs-per-point")
