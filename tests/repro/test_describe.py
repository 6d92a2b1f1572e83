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


def test_only_papers_that_were_published_as_jobs_list_them():
    assert [part.what for part in describe.listings("dsr")] == ["tables", "methods", "jobs"]
    assert [part.what for part in describe.listings("flipout")] == ["tables", "methods"]
    (lists,) = describe.listings("jobs", "dsr")
    cifar = next(row for row in lists.rows if row["list"] == "cifar")
    assert cifar == {"name": "cifar:0 to cifar:82", "list": "cifar", "first": 0, "last": 82}
    assert describe.listings("jobs", "flipout")[0].rows == ()


def test_methods_without_an_option_come_from_the_experiments():
    from dataclasses import replace

    paper = replace(registry.load("flipout"), options=())
    labelled = {str(e.labels["method"]) for e in paper.experiments.values()}
    assert {row["name"] for row in describe.methods(paper)} == labelled
