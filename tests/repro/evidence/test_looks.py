"""Which ledgers of looks go with some evidence, however one points at it."""

from __future__ import annotations

import json

import pytest

from repro.evidence.files import append_line
from repro.evidence.looks import LEDGER, ledgers, look, looks, looks_at
from repro.evidence.merge import import_
from repro.evidence.store import append
from shared.errors import ReproError


@pytest.fixture
def root(tmp_path, factory):
    """Evidence as exported and as run, with a ledger; beside it in the same folder, other things with one."""
    root = tmp_path / "outside" / "root"
    record = factory.make_record(seed=1)
    append(root / record.protocol.paper / "demo.jsonl", record)
    run = root / record.protocol.paper / "run"
    run.mkdir()
    (run / "record.json").write_text(record.model_dump_json())
    for folder in (root, tmp_path / "outside", tmp_path, run):
        look(folder, f"of {folder.name}", [1])
    return root


@pytest.mark.parametrize(
    "path",
    [
        "",
        "flipout",
        "flipout/",
        "flipout/demo.jsonl",
        "flipout/run",
        "flipout/run/record.json",
        "flipout/../flipout/run/.",
        "../root",
    ],
)
def test_the_ledger_at_the_root_is_found_from_anywhere_inside_and_none_above(root, path, factory):
    assert factory.make_protocol().paper == "flipout"
    assert ledgers(root / path, ["flipout"]) == [root / LEDGER]


def test_a_relative_path_is_no_other(root, monkeypatch):
    monkeypatch.chdir(root / "flipout")
    assert ledgers(".", ["flipout"]) == ledgers(["run", "demo.jsonl"], ["flipout"]) == [root / LEDGER]


def test_a_folder_that_is_not_a_papers_is_not_left(root):
    assert ledgers(root / "flipout", ["other"]) == []
    (root.parent / "flipout").mkdir()
    assert ledgers(root.parent / "flipout", ["flipout"]) == [root.parent / LEDGER]


def test_ledgers_of_several_places_count_together_and_copies_once(root, tmp_path):
    look(root, "s", [1, 2, 3])
    look(root, "s", [1, 2, 3, 4])
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / LEDGER).write_bytes((root / LEDGER).read_bytes() + b'{"study":"s","se')
    look(copy, "t", [1])
    later = {"study": "s", "seeds": [9], "at": "2999-01-01T00:00:00+00:00"}
    append_line(copy / LEDGER, json.dumps(later).encode() + b"\n")
    assert [looks_at(paths, ["flipout"])("s") for paths in (root, [root, root / "flipout"], copy, [root, copy])] == [
        2,
        2,
        3,
        3,
    ]
    assert [looks_at([root, copy], [])(study) for study in ("t", "never")] == [1, 0]


def test_import_takes_the_looks_along_from_a_single_file_too(root, tmp_path):
    for name, path in (("file", "flipout/demo.jsonl"), ("folder", "flipout"), ("run", "flipout/run")):
        import_(root / path, tmp_path / name)
        assert b"of root" in (tmp_path / name / LEDGER).read_bytes()


@pytest.mark.parametrize("seeds", [[[1], 2], ["42"], [None], {"42": 1}])
def test_entries_that_no_version_wrote_are_passed_over(tmp_path, seeds):
    look(tmp_path, "study", [42, 43])
    with (tmp_path / LEDGER).open("a") as ledger:
        ledger.write(json.dumps({"study": "study", "seeds": seeds, "at": "2026"}) + "\n")
    assert looks(tmp_path, "study") == looks_at(tmp_path, [])("study") == 1


def test_a_ledger_that_cannot_be_read_is_named(root, monkeypatch):
    file = root / LEDGER

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "read_bytes", refuse)
    with pytest.raises(ReproError, match=r"looks\.ndjson, which counts .* cannot be read \(Permission denied\)"):
        looks_at(root, ["flipout"])
