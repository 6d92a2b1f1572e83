"""What an installed package must hold to be a paper here: anything else is refused when it is loaded, in a sentence."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from repro import registry
from repro.registry import load
from shared.errors import ReproError

PAPER = load("flipout")


def loaded(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> object:
    entry = SimpleNamespace(name=name, load=lambda: value)
    monkeypatch.setattr(registry, "_found", lambda: {name: entry})
    return load.__wrapped__(name)


def test_a_paper_is_loaded_by_its_own_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch, "flipout", PAPER) is PAPER
    with pytest.raises(ReproError, match=r"'other' calls itself 'flipout'; its entry point must have the same name"):
        loaded(monkeypatch, "other", PAPER)


def test_a_paper_has_the_scale_of_its_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    scales = {k: v for k, v in PAPER.scales.items() if k != "paper"}
    with pytest.raises(ReproError, match="'flipout' has no scale 'paper'"):
        loaded(monkeypatch, "flipout", replace(PAPER, scales=scales))
