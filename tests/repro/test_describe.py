from __future__ import annotations

from repro import describe, registry
from shared.errors import ReproError


def test_a_paper_that_does_not_load_is_listed_with_the_reason(monkeypatch):
    load = registry.load

    def fail(name):
        if name == "broken":
            raise ReproError("its package is not there")
        return load(name)

    monkeypatch.setattr(registry, "names", lambda: ["broken", "flipout"])
    monkeypatch.setattr(registry, "load", fail)
    broken, flipout = describe.papers()
    assert broken["problem"] == "its package is not there"
    assert (flipout["name"], flipout["problem"]) == ("flipout", "")


def test_methods_without_an_option_come_from_the_experiments():
    from dataclasses import replace

    paper = replace(registry.load("flipout"), options=())
    labelled = {str(e.labels["method"]) for e in paper.experiments.values()}
    assert {row["name"] for row in describe.methods(paper)} == labelled
