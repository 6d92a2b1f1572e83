import pytest

from repro.evidence.line import to_line
from repro.evidence.looks import look, looks
from repro.evidence.merge import export, fingerprint, import_
from repro.evidence.store import append, read
from shared.errors import MissingEvidenceError, ReproError


@pytest.fixture
def runs(tmp_path, factory):
    """A folder of runs with three run directories at two scales."""
    for i, scale in enumerate(("demo", "demo", "paper")):
        run = tmp_path / "runs" / "flipout" / f"run-{i}"
        run.mkdir(parents=True)
        (run / "record.json").write_bytes(to_line(factory.make_record(seed=i, scale=scale, epochs=3)))
    return tmp_path / "runs"


def test_export_writes_one_file_per_paper_and_scale(runs, tmp_path):
    merged = export(runs, tmp_path / "results")
    assert sorted(merged.written) == [tmp_path / "results" / "flipout" / f"{s}.jsonl" for s in ("demo", "paper")]
    found, problems = read(tmp_path / "results")
    assert {r.identity for r in found} == {r.identity for r in read(runs)[0]}
    assert problems == []


def test_export_to_one_file(runs, tmp_path):
    export(runs, tmp_path / "all.jsonl")
    assert len(read(tmp_path / "all.jsonl")[0]) == 3


def test_import_twice_changes_nothing(runs, tmp_path):
    first = import_(runs, tmp_path / "into")
    before = {p: p.read_bytes() for p in (tmp_path / "into").rglob("*.jsonl")}
    second = import_(runs, tmp_path / "into")
    assert (len(first.added), first.known) == (3, 0)
    assert (len(second.added), second.known, second.written) == (0, 3, [])
    assert {p: p.read_bytes() for p in (tmp_path / "into").rglob("*.jsonl")} == before


def test_machines_are_merged_and_differing_outcomes_of_one_identity_are_both_kept(factory, tmp_path):
    here = factory.make_record(seed=1, device="cpu")
    there = factory.make_record(seed=1, device="NVIDIA H100")
    assert here.identity == there.identity
    append(tmp_path / "here.jsonl", here)
    append(tmp_path / "there.jsonl", there)
    append(tmp_path / "there.jsonl", here)
    merged = import_([tmp_path / "here.jsonl", tmp_path / "there.jsonl"], tmp_path / "into")
    assert (len(merged.added), merged.known) == (2, 1)
    assert read(tmp_path / "into")[0] == [here, there]


def test_the_fingerprint_sees_outcome_and_environment_but_not_cost_date_or_layout(factory):
    record = factory.make_record()
    longer = record.cost.model_copy(update={"seconds": 1e6})
    assert fingerprint(record.model_copy(update={"cost": longer, "finished_at": "2030-01-01"})) == fingerprint(record)
    from repro.evidence.line import Reader

    assert fingerprint(Reader().read(to_line(record))) == fingerprint(record)
    outcome = record.outcome
    worse = outcome.last.model_copy(update={"correct": outcome.last.correct - 1})
    curve = {**outcome.curve, "lr": [0.2, *outcome.curve["lr"][1:]]}
    for change in ({"last": worse}, {"curve": curve}):
        assert fingerprint(record.model_copy(update={"outcome": outcome.model_copy(update=change)})) != fingerprint(
            record
        )
    elsewhere = record.environment.model_copy(update={"device": "cuda"})
    assert fingerprint(record.model_copy(update={"environment": elsewhere})) != fingerprint(record)


def test_records_that_break_a_law_are_refused_by_name_and_the_rest_is_kept(factory, tmp_path):
    good, bad = factory.make_record(seed=1), factory.make_record(seed=2)
    bad = bad.model_copy(update={"outcome": bad.outcome.model_copy(update={"remaining": bad.outcome.remaining + 1})})
    file = tmp_path / "theirs.jsonl"
    file.write_bytes(to_line(bad) + b"{torn\n" + to_line(good))
    merged = import_(file, tmp_path / "into")
    assert read(tmp_path / "into") == ([good], [])
    assert [(p.line, p.kind) for p in merged.problems] == [(1, "law"), (2, "bad")]
    assert "remaining weights" in merged.problems[0].reason


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "x" * 65, "Flip Out"])
def test_a_paper_name_from_a_record_never_becomes_a_path_unchecked(factory, tmp_path, name):
    append(tmp_path / "theirs.jsonl", factory.make_record(factory.make_protocol(paper=name)))
    with pytest.raises(ReproError, match="cannot be a folder"):
        import_(tmp_path / "theirs.jsonl", tmp_path / "deep" / "into")
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == ["theirs.jsonl"]


def test_a_torn_tail_of_the_target_is_closed_off(factory, tmp_path):
    old, new = factory.make_record(seed=1), factory.make_record(seed=2)
    target = tmp_path / "into" / "flipout" / "demo.jsonl"
    append(target, old)
    target.write_bytes(target.read_bytes() + b'{"schema_ver')
    append(tmp_path / "theirs.jsonl", new)
    import_(tmp_path / "theirs.jsonl", tmp_path / "into")
    assert read(target)[0] == [old, new]


def test_a_damaged_layer_table_is_refused_and_does_not_hinder_the_rest(factory, tmp_path):
    good, bad, new = (factory.make_record(seed=seed) for seed in (1, 2, 3))
    damaged = to_line(bad).replace(b'"shape":[8,', b'"shape":[8,,', 1)
    theirs, target = tmp_path / "theirs.jsonl", tmp_path / "into" / "flipout" / "demo.jsonl"
    append(target, good)
    target.write_bytes(damaged + target.read_bytes())
    theirs.write_bytes(damaged + to_line(good) + to_line(new))
    merged = import_(theirs, tmp_path / "into")
    assert (merged.added, merged.known, [p.line for p in merged.problems]) == ([new], 1, [1])
    assert "layer table in" in merged.problems[0].reason
    assert target.read_bytes() == damaged + to_line(good) + to_line(new)


def test_exporting_nothing_is_missing_evidence(tmp_path):
    with pytest.raises(MissingEvidenceError):
        export(tmp_path / "runs", tmp_path / "results")


def test_looks_count_the_times_seeds_were_added(tmp_path):
    assert looks(tmp_path, "s") == 0
    assert [look(tmp_path, "s", seeds) for seeds in ([1, 2, 3], [3, 2, 1], [1, 2], [1, 2, 3, 4, 5], [6])] == [
        1,
        1,
        1,
        2,
        3,
    ]
    assert look(tmp_path, "other", [1]) == 1
    assert looks(tmp_path, "s") == 3


def test_looks_travel_with_the_evidence_and_are_not_counted_twice(runs, factory, tmp_path):
    study = factory.make_protocol().study
    look(runs, study, [1, 2, 3])
    look(runs, study, [1, 2, 3, 4])
    for _ in range(2):
        export(runs, tmp_path / "results")
        import_(tmp_path / "results", tmp_path / "elsewhere")
    assert looks(tmp_path / "results", study) == 2
    assert looks(tmp_path / "elsewhere", study) == 2
    assert (tmp_path / "elsewhere" / "looks.ndjson").read_bytes().count(b"\n") == 2


def test_a_torn_look_is_passed_over(tmp_path):
    look(tmp_path, "s", [1])
    with (tmp_path / "looks.ndjson").open("ab") as ledger:
        ledger.write(b'{"study":"s","se')
    assert look(tmp_path, "s", [1, 2]) == 2
