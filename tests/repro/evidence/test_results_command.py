"""``repro results`` through its command-line app."""

import json

import pytest
from typer.testing import CliRunner

from repro.cli.results import app
from repro.evidence.line import to_line
from repro.evidence.store import append, read
from shared.errors import MissingEvidenceError, ReproError


@pytest.fixture
def repro(tmp_path, monkeypatch):
    """Run ``repro results ...`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REPRO_RUNS", raising=False)
    monkeypatch.setenv("REPRO_RESULTS", str(tmp_path / "results"))
    return lambda *args: CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture
def theirs(tmp_path, factory):
    for seed in (1, 2):
        append(tmp_path / "theirs.jsonl", factory.make_record(seed=seed, epochs=3))
    return tmp_path / "theirs.jsonl"


def test_import_export_show_and_check_work_on_one_another(repro, theirs, tmp_path):
    result = repro("import", theirs, "--no-mlflow")
    assert result.exit_code == 0
    assert result.stdout.startswith("2 records added, 0 known already, 0 refused.")
    assert repro("import", theirs, "--no-mlflow").stdout.startswith("0 records added, 2 known")
    result = repro("export", "--json")
    content = json.loads(result.stdout)
    assert (content["schema_version"], content["kind"]) == (1, "results.export")
    assert content["written"] == ["results/flipout/demo.jsonl"]
    assert len(read(tmp_path / "results")[0]) == 2
    result = repro("check", "results")
    assert (result.exit_code, result.stdout) == (0, "2 records, 0 problems.\n")


def test_show_lists_runs_as_a_table_and_as_json(repro, theirs, factory):
    result = repro("show", theirs)
    record = read(theirs)[0][0]
    assert record.identity[:8] in result.stdout
    assert f"{record.outcome.last.percent:.2f}" in result.stdout
    content = json.loads(repro("show", theirs, "--json", "--identity", record.identity[:10]).stdout)
    assert (content["schema_version"], content["kind"]) == (1, "results.show")
    (row,) = content["records"]
    assert row["identity"] == record.identity
    assert row["last"] == {"epoch": 3, "correct": record.outcome.last.correct, "total": 360}


def test_names_in_records_are_not_markup(repro, tmp_path, factory):
    from shared.protocol import Model

    protocol = factory.make_protocol(model=Model(name="[red]vgg[/red] [/]"))
    append(tmp_path / "a.jsonl", factory.make_record(protocol))
    assert "[red]vgg[/red] [/]" in repro("show", "a.jsonl").stdout


@pytest.mark.parametrize("arguments", [("show",), ("check",), ("show", "nowhere"), ("export",), ("import", "nowhere")])
def test_missing_evidence_is_said_to_be_missing(repro, arguments):
    result = repro(*arguments)
    assert isinstance(result.exception, MissingEvidenceError)
    assert str(result.exception).endswith((".", "makes some.", "folder."))


def test_a_filter_that_fits_nothing_is_missing_evidence(repro, theirs):
    assert isinstance(repro("show", theirs, "--paper", "dsr").exception, MissingEvidenceError)


def test_a_scale_that_does_not_exist_is_wrong_use(repro, theirs):
    result = repro("show", theirs, "--scale", "big")
    assert isinstance(result.exception, ReproError)
    assert not isinstance(result.exception, MissingEvidenceError)


def test_check_fails_on_an_altered_record_and_names_it(repro, theirs):
    theirs.write_bytes(theirs.read_bytes().replace(b'"seed":2', b'"seed":3'))
    result = repro("check", theirs)
    assert result.exit_code == 1
    assert f"{theirs}:2: its identity" in result.stderr
    content = json.loads(repro("check", theirs, "--json").stdout)
    assert (content["kind"], content["records"]) == ("results.check", 1)
    assert content["problems"][0]["line"] == 2


def test_import_keeps_the_good_lines_and_exits_1_for_the_bad(repro, theirs, tmp_path):
    theirs.write_bytes(b"nonsense\n" + theirs.read_bytes())
    result = repro("import", theirs, "--no-mlflow")
    assert result.exit_code == 1
    assert f"{theirs}:1: this is not JSON" in result.stderr
    assert len(read(tmp_path / "runs")[0]) == 2


def test_a_torn_tail_alone_is_no_failure(repro, theirs, factory):
    theirs.write_bytes(theirs.read_bytes() + to_line(factory.make_record(seed=3))[:100])
    assert repro("import", theirs, "--no-mlflow").exit_code == 0


def test_import_shows_records_in_mlflow_or_says_why_not(repro, theirs, monkeypatch):
    import sys

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    result = repro("import", theirs)
    assert result.exit_code == 0
    assert result.stderr.count("MLflow is not available") == 1
