"""``repro verify`` from the command line to the verdict: two experiments, two seeds, seconds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from repro.launch.job import Ended
from repro.launch.pool import Waiting
from repro.launch.pool import again as pool_again

Said = Any
Repro = Callable[..., Said]

VERIFY = ("verify", "toy", "--table", "digits", "--seeds", "2")
DEMO = (*VERIFY, "--scale", "demo", "--no-mlflow")


@pytest.fixture(scope="module")
def first(home: Path, toy: Path, repro: Repro) -> Said:
    """The first call of all: four demo runs."""
    return repro(*DEMO, "--json")


@pytest.fixture(scope="module")
def published(first: Said, repro: Repro) -> Said:
    """The same at the paper's own scale, which for this paper takes seconds too."""
    return repro(*VERIFY, "--scale", "paper", "--no-mlflow", "--json")


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """When each file of the runs was written, and what is in it."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.name in ("record.json", "metrics.jsonl", "status.json")]
    return {str(p): (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files}


def labels(said: Said) -> dict[str, str]:
    return {v["claim"]: v["label"] for v in json.loads(said.out)["tables"][0]["verdicts"]}


def test_the_first_call_trains_and_judges(first: Said, home: Path) -> None:
    assert first.code == 0, first.err  # a published number is not judged at demo scale, and nothing is missing
    document = json.loads(first.out)
    assert document["failed"] == []
    assert document["problems"] == []
    assert labels(first) == {"magnitude": "NOT TESTED", "order": "SUPPORTED", "weights": "HOLDS"}
    order = document["tables"][0]["verdicts"][1]
    assert order["text"] == "SUPPORTED at demo scale"
    assert (order["n"], len(order["identities"])) == (2, 4)
    records = sorted((home / "runs").rglob("record.json"))
    assert {json.loads(r.read_text())["identity"] for r in records} == set(order["identities"])


def test_the_mean_on_screen_is_the_mean_of_the_records(first: Said, home: Path) -> None:
    verdict = json.loads(first.out)["tables"][0]["verdicts"][0]
    accuracies = []
    for path in (home / "runs" / "toy" / "demo").rglob("record.json"):
        record = json.loads(path.read_text())
        if record["identity"] in verdict["identities"]:
            accuracies.append(100 * record["outcome"]["last"]["correct"] / record["outcome"]["last"]["total"])
    assert len(accuracies) == 2
    assert verdict["mean"] == pytest.approx(sum(accuracies) / 2)


def test_the_second_call_trains_nothing(first: Said, home: Path, repro: Repro, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(home / "runs")
    monkeypatch.setattr("repro.launch.pool.run_all", lambda *a, **k: pytest.fail("trained again"))
    again = repro(*DEMO, "--json")
    assert state(home / "runs") == before
    assert json.loads(again.out) == json.loads(first.out)
    assert again.code == first.code
    assert "nothing is trained" in repro(*DEMO).err


def test_a_run_that_was_deleted_is_the_only_one_trained_again(first: Said, home: Path, repro: Repro) -> None:
    gone = sorted((home / "runs" / "toy" / "demo").rglob("record.json"))[0]
    outcome = json.loads(gone.read_text())["outcome"]
    gone.unlink()
    before = state(home / "runs")
    said = repro(*DEMO)
    assert "1 runs to do" in said.err
    after = state(home / "runs")
    changed = {p for p in after if after[p] != before.get(p)}
    assert {str(Path(p).parent) for p in changed} == {str(gone.parent)}
    assert json.loads(gone.read_text())["outcome"] == outcome


@pytest.mark.parametrize("damage", [b"{broken", b"{}", b""])
def test_a_damaged_record_is_made_again_from_its_checkpoint(
    first: Said, home: Path, repro: Repro, damage: bytes
) -> None:
    hurt = sorted((home / "runs" / "toy" / "demo").rglob("record.json"))[0]
    outcome, metrics = json.loads(hurt.read_text())["outcome"], hurt.parent / "metrics.jsonl"
    epochs = metrics.read_bytes()
    hurt.write_bytes(damage)
    said = repro(*DEMO, "--json")
    assert (said.code, json.loads(said.out)["problems"]) == (0, [])
    assert json.loads(hurt.read_text())["outcome"] == outcome
    assert metrics.read_bytes() == epochs  # nothing was trained


def test_a_third_seed_adds_only_its_own_runs(first: Said, home: Path, repro: Repro) -> None:
    before = state(home / "runs")
    said = repro("verify", "toy", "-t", "digits", "--seeds", "0,1,7", "--scale", "demo", "--no-mlflow", "--json")
    assert json.loads(said.out)["tables"][0]["verdicts"][1]["n"] == 3
    after = state(home / "runs")
    assert {p: s for p, s in after.items() if p in before} == before
    assert {re.search(r"-s(\d+)-", p).group(1) for p in after.keys() - before.keys()} == {"7"}  # type: ignore[union-attr]


def test_a_run_that_another_process_has_is_waited_for(
    first: Said, home: Path, repro: Repro, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = sorted((home / "runs" / "toy" / "demo").rglob("record.json"))[0]
    gone.unlink()
    other = FileLock(gone.parent / ".lock", thread_local=False)
    refused = []

    def again(ended: Ended, retries: int, patient: bool) -> Waiting | None:
        if ended.busy:
            refused.append(ended.sentence)
            other.release()
        return pool_again(ended, retries, patient)

    monkeypatch.setattr("repro.launch.pool.BUSY_SECONDS", 0.1)
    monkeypatch.setattr("repro.launch.pool.again", again)
    with other:
        said = repro(*DEMO, "--json")
    assert len(refused) == 1
    assert said.code == 0
    assert json.loads(said.out)["failed"] == []
    assert gone.exists()


def test_at_the_papers_scale_numbers_are_judged(published: Said) -> None:
    assert published.code in (0, 1), published.err
    document = json.loads(published.out)
    (number, order, _) = document["tables"][0]["verdicts"]
    assert number["label"] != "NOT TESTED"
    assert number["deviations"] == []
    assert (number["n"], number["margin"]) == (2, 1.55)
    assert order["text"] == order["label"]


def test_the_screen_says_what_the_document_says(published: Said, repro: Repro) -> None:
    said = repro(*VERIFY, "--scale", "paper", "--no-mlflow")
    screen = " ".join(said.out.split())
    for verdict in json.loads(published.out)["tables"][0]["verdicts"]:
        assert verdict["text"].split()[0] in screen
    assert said.code == published.code
    assert "All 4 runs are done already" in said.err


@pytest.fixture(scope="module")
def evidence(published: Said, home: Path, repro: Repro) -> Path:
    """The runs' records, exported."""
    assert repro("results", "export", "--runs-dir", home / "runs", "--out", home / "evidence").code == 0
    return home / "evidence"


def test_evidence_is_judged_without_training(evidence: Path, published: Said, repro: Repro, home: Path) -> None:
    before = state(home / "runs")
    said = repro("verify", "toy", "--from", evidence, "--scale", "paper", "--seeds", "0,1", "--json")
    assert state(home / "runs") == before
    assert labels(said) == labels(published)
    assert said.code == published.code
    assert labels(repro("verify", "toy", "--from", home / "runs", "--scale", "demo", "--json"))["order"] == "SUPPORTED"


def test_judging_records_notes_no_look_and_says_so(evidence: Path, repro: Repro) -> None:
    before = (evidence / "looks.ndjson").read_bytes()
    screen = " ".join(repro("verify", "toy", "--from", evidence, "--scale", "demo").out.split())
    assert "--from adds none to it: seeds added after this look go unseen" in screen
    assert (evidence / "looks.ndjson").read_bytes() == before


def test_a_damaged_line_is_named_and_the_rest_is_judged(evidence: Path, repro: Repro, home: Path) -> None:
    source = sorted(evidence.rglob("*.jsonl"))[-1]
    spoiled = home / "spoiled.jsonl"
    lines = source.read_text().splitlines()
    record = json.loads(lines[0])
    record["protocol"]["seed"] += 1
    spoiled.write_text("\n".join([json.dumps(record), "{not json", *lines[1:]]) + "\n")
    said = repro("verify", "toy", "--from", spoiled, "--json")
    problems = json.loads(said.out)["problems"]
    assert len(problems) == 2
    assert all(f"spoiled.jsonl:{i}" in p for i, p in enumerate(problems, 1))


def test_strict_counts_undecided_as_contradicted(evidence: Path, repro: Repro) -> None:
    one_seed = ("verify", "toy", "--from", evidence, "--scale", "paper", "--seeds", "0,")
    said = repro(*one_seed, "--json")
    assert labels(said)["magnitude"] == "SCREENED"
    assert said.code == 0
    assert repro(*one_seed, "--strict", "--json").code == 1


def test_a_contradicted_number_is_code_1_and_a_red_badge(
    evidence: Path, repro: Repro, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from repro.registry import load

    paper = load("toy")
    table = paper.tables["digits"]
    wrong = dataclasses.replace(table.claims[0], value=20.0)  # type: ignore[type-var]
    monkeypatch.setitem(paper.tables, "digits", dataclasses.replace(table, claims=(wrong, *table.claims[1:])))  # type: ignore[arg-type]
    said = repro("verify", "toy", "--from", evidence, "--scale", "paper", "--json", "--badge", home / "red.json")
    assert labels(said)["magnitude"] == "NOT REPRODUCED"
    assert said.code == 1
    badge = json.loads((home / "red.json").read_text())
    assert badge["color"] == "red"
    assert "1 do not" in badge["message"]
    assert badge == json.loads(said.out)["badge"]


def test_the_badge_counts_the_verdicts(evidence: Path, repro: Repro, home: Path) -> None:
    said = repro("verify", "toy", "--from", evidence, "--scale", "demo", "--badge", home / "badge.json")
    assert said.code == 0
    assert json.loads((home / "badge.json").read_text()) == {
        "schemaVersion": 1,
        "label": "reproduced",
        "message": "2 stand, 0 do not, 1 undecided",
        "color": "brightgreen",
    }


def test_a_plan_trains_nothing(first: Said, home: Path, repro: Repro) -> None:
    before = state(home / "runs")
    plan = json.loads(
        repro("verify", "toy", "-t", "digits", "--seeds", "9,10", "--scale", "paper", "--plan", "--json").out
    )
    assert [line["left"] for line in plan["experiments"]] == [2, 2]
    assert [line["steps"] for line in plan["experiments"]] == [12 * 23, 12 * 23]  # 1,437 digits in batches of 64
    assert plan["seconds_left"] > 0
    assert state(home / "runs") == before
    screen = repro(*VERIFY, "--scale", "demo", "--plan")
    assert screen.code == 0
    assert "Needs no run" in screen.out
    assert "a number takes runs at paper scale" in " ".join(screen.out.split())
    claims = json.loads(repro(*VERIFY, "--scale", "demo", "--plan", "--json").out)["claims"]
    assert [(c["kind"], c["power"]) for c in claims if c["decidable"] is False] == [("value", 0.0)]
    assert plan["claims"][0]["power"] is None or plan["claims"][0]["power"] > 0


def test_published_needs_no_run(toy: Path, home: Path, repro: Repro) -> None:
    said = repro("verify", "toy", "--published", "--json")
    (verdict,) = json.loads(said.out)["verdicts"]
    assert said.code == 0
    assert (verdict["label"], verdict["published_numbers_only"]) == ("NOT TESTED", True)
    assert "random" in verdict["reason"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify", "toi"], "did you mean toy"),
        (["verify", "toy"], "--table digits"),
        (["verify", "toy", "-t", "digit"], "did you mean digits"),
        (["verify", "toy", "-t", "digits", "--scale", "papper"], "did you mean paper"),
        (["verify", "toy", "-t", "digits", "--scale", "reduced"], "reduced"),
        (["verify", "toy", "-t", "digits", "--seeds", "0"], "neither a number of seeds"),
        (["verify", "toy", "-t", "digits", "--seeds", "1,1"], "neither a number of seeds"),
        (["verify", "toy", "-t", "digits", "--seeds", "two"], "neither a number of seeds"),
        (["verify", "toy", "-t", "digits", "--precision", "float23"], "did you mean float32"),
        (["verify", "toy", "-t", "digits", "--plan", "--published"], "Use one of"),
        (["verify", "toy", "--from", "x", "--published"], "Use one of"),
        (["verify", "toy", "-t", "digits", "--network", "fc"], "about the networks it names"),
        (["verify", "toy", "-t", "digits", "--dataset", "mnist"], "--dataset goes with --network"),
        (["verify", "toy", "--published", "--network", "fc"], "so --network would have no effect"),
        (["verify", "toy", "-t", "digits", "--device", "cuda:7", "--scale", "demo", "--seeds", "77,"], "--device cpu"),
        (["verify", "toy", "-t", "digits", "--device", "tpu", "--scale", "demo", "--seeds", "77,"], "--device cpu"),
        (["verify", "toy", "-t", "digits", "--data-dir", "nowhere", "--scale", "demo", "--seeds", "77,"], "nowhere"),
        (["verify", "toy", "-t", "digits", "--runs-dir", "file", "--scale", "demo"], "--runs-dir"),
    ],
)
def test_wrong_use_is_one_sentence_and_code_2(
    home: Path, toy: Path, repro: Repro, words: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.scale.has_cuda", lambda: False)
    (home / "file").write_text("in the way")
    said = repro(*words)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_missing_evidence_is_code_3(home: Path, toy: Path, repro: Repro) -> None:
    empty = home / "empty"
    empty.mkdir(exist_ok=True)
    for place in (empty, home / "nowhere"):
        said = repro("verify", "toy", "--from", place)
        assert (said.code, said.out) == (3, "")
        assert str(place) in said.err


@pytest.fixture
def store(first: Said, home: Path, repro: Repro) -> tuple[Any, Said]:
    pytest.importorskip("mlflow")
    said = repro(*VERIFY, "--scale", "demo", "--mlflow")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{home / 'runs' / 'mlflow.db'}"), said


@pytest.mark.filterwarnings("ignore")
def test_the_verification_is_shown_in_mlflow(store: tuple[Any, Said], repro: Repro, home: Path) -> None:
    client, said = store
    assert said.code == 0
    assert "not available" not in said.err
    (experiment,) = [e for e in client.search_experiments() if e.name != "Default"]
    assert "toy" in experiment.name
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == 4
    assert len(client.get_metric_history(children[0].info.run_id, "test/accuracy")) == 4
    repro(*VERIFY, "--scale", "demo", "--mlflow")
    assert len(client.search_runs([experiment.experiment_id])) == len(runs)
