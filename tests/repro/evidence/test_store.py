import os

import pytest

from repro.evidence.line import to_line
from repro.evidence.record import Environment
from repro.evidence.store import append, distinct, files, read
from shared.errors import MissingEvidenceError


@pytest.fixture
def records(factory):
    return [factory.make_record(seed=seed, epochs=3) for seed in range(4)]


def test_what_is_appended_is_read_back_in_order(tmp_path, records):
    for record in records:
        append(tmp_path / "a" / "demo.jsonl", record)
    assert read(tmp_path) == (records, [])


def test_run_directories_and_files_are_read_and_metric_streams_are_not(tmp_path, records):
    for i, record in enumerate(records[:2]):
        run = tmp_path / "flipout" / f"run-{i}"
        run.mkdir(parents=True)
        (run / "record.json").write_bytes(to_line(record))
        (run / "metrics.jsonl").write_text('{"epoch":1}\n')
    unfinished = tmp_path / "flipout" / "run-9"
    unfinished.mkdir()
    (unfinished / "status.json").write_text("{}")
    (unfinished / "metrics.jsonl").write_text('{"epoch":1}\n')
    append(tmp_path / "flipout" / "demo.jsonl", records[2])
    found, problems = read([tmp_path, tmp_path / "flipout" / "run-0"])
    assert {r.identity for r in found} == {r.identity for r in records[:3]}
    assert len(found) == 3
    assert problems == []


def test_a_torn_last_line_is_skipped_named_and_closed_off_by_the_next_append(tmp_path, records):
    file = tmp_path / "demo.jsonl"
    append(file, records[0])
    whole = file.read_bytes()
    for cut in (1, 40, len(whole) // 2, len(whole) - 2):
        file.write_bytes(whole + to_line(records[1])[:cut])
        found, problems = read(file)
        assert found == records[:1]
        assert [(p.kind, p.line) for p in problems] == [("torn", 2)]
        append(file, records[2])
        found, problems = read(file)
        assert found == [records[0], records[2]]
        assert [p.line for p in problems] == [2]


def test_a_last_line_that_lacks_only_its_newline_is_a_record(tmp_path, records):
    file = tmp_path / "demo.jsonl"
    file.write_bytes(to_line(records[0])[:-1])
    append(file, records[1])
    assert read(file) == (records[:2], [])


def test_an_altered_last_line_is_bad_with_its_newline_and_without(tmp_path, records):
    file = tmp_path / "demo.jsonl"
    altered = to_line(records[1]).replace(b'"seed":1', b'"seed":9')
    for line in (altered, altered[:-1]):
        file.write_bytes(to_line(records[0]) + line)
        found, (problem,) = read(file)
        assert found == records[:1]
        assert (problem.kind, problem.line) == ("bad", 2)
        assert "does not match its protocol" in problem.reason


def test_bad_lines_are_named_and_the_rest_is_kept(tmp_path, records):
    file = tmp_path / "demo.jsonl"
    altered = to_line(records[1]).replace(b'"seed":1', b'"seed":9')
    file.write_bytes(to_line(records[0]) + b"nonsense\n\n" + altered + to_line(records[2]))
    found, problems = read(file)
    assert found == [records[0], records[2]]
    assert [str(p).partition(": ")[0] for p in problems] == [f"{file}:2", f"{file}:4"]
    assert "does not match its protocol" in str(problems[1])


def test_a_path_that_does_not_exist_is_missing_evidence(tmp_path):
    with pytest.raises(MissingEvidenceError, match="nowhere"):
        read(tmp_path / "nowhere")


def test_each_file_is_listed_once_and_hidden_ones_never(tmp_path, records):
    append(tmp_path / "b.jsonl", records[0])
    (tmp_path / ".hidden.jsonl").write_text("x")
    assert list(files([tmp_path, tmp_path / "b.jsonl"])) == [tmp_path / "b.jsonl"]


def test_a_seed_counts_once_and_the_outcome_never_decides_which_run_stands(factory):
    first = factory.make_record(seed=1, device="b", finished_at="2026-01-01T00:00:00+00:00")
    second = factory.make_record(seed=1, device="a", finished_at="2026-01-02T00:00:00+00:00")
    other = factory.make_record(seed=2)
    assert first.outcome.last != second.outcome.last
    for order in ([first, second, other], [second, other, first]):
        assert sorted(distinct(order), key=lambda r: r.protocol.seed) == [first, other]


def test_a_run_on_unaccounted_data_never_stands_for_a_sound_one(factory):
    sound = factory.make_record(seed=1, finished_at="2026-01-02T00:00:00+00:00")
    environment = Environment.model_validate(sound.environment.model_dump() | {"data_status": "unknown"})
    earlier = sound.model_copy(update={"environment": environment, "finished_at": "2026-01-01T00:00:00+00:00"})
    assert distinct([earlier, sound]) == distinct([sound, earlier]) == [sound]


def test_a_folder_that_may_not_be_read_is_a_problem_of_its_own(tmp_path, records, monkeypatch):
    (tmp_path / "locked").mkdir()
    append(tmp_path / "open.jsonl", records[0])
    scandir = os.scandir

    def guarded(path):
        if path == tmp_path / "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", guarded)
    found, problems = read(tmp_path)
    assert found == records[:1]
    assert [(p.file.name, p.reason) for p in problems] == [("locked", "it cannot be read (Permission denied)")]


def test_a_link_that_leads_back_is_not_followed_and_one_to_itself_is_named(tmp_path, records):
    append(tmp_path / "a" / "demo.jsonl", records[0])
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "z").symlink_to("z")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "a")
    found, problems = read(tmp_path)
    assert found == [records[0]] * 2  # a link to another folder is followed
    assert [(p.file.name, p.reason) for p in problems] == [
        ("z", "it cannot be read (Too many levels of symbolic links)")
    ]
