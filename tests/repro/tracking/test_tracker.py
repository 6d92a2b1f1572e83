"""The MLflow view against a real SQLite store and, once, a real server on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.evidence.merge import fingerprint
from repro.tracking import Tracked, Tracker, content
from repro.tracking.connect import client
from repro.tracking.server import FASTER, answers
from repro.tracking.tracker import TAG_LIMIT

pytestmark = [
    # SQLAlchemy tells MLflow that a loader strategy it uses will go; nothing here can change that.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    # MLflow leaves connections of its SQLite pool to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # MLflow's own dependencies announce their own deprecations while they are imported.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

TITLE = "VGG19, FlipOut, 99.9 %"
AT = datetime(2026, 11, 26, 15, 40, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _default_store(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory, factory):
    """A store with one verification of three runs, one of which diverged."""
    runs = tmp_path_factory.mktemp("runs")
    notices = []
    tracker = Tracker(runs, uri=f"sqlite:///{runs}/mlflow.db", notify=notices.append)
    for name in ("masks.safetensors", "compact.safetensors", "compact.json"):
        (runs / name).write_bytes(name.encode())
    items = [
        Tracked(
            record=factory.make_record(seed=seed, status="diverged" if seed == 44 else "finished"),
            title=TITLE,
            labels={"network": "VGG19", "method": "FlipOut", "sparsity": "99.9 %"},
            claims=("vgg19-flipout",),
            table="vgg19",
            folder=runs if seed == 42 else None,
        )
        for seed in (42, 43, 44)
    ]
    arguments = {
        "paper": "flipout",
        "scale": "demo",
        "table": "vgg19",
        "items": items,
        "note": "| claim | verdict |\n| - | - |\n| vgg19-flipout | NOT TESTED |",
        "counts": {"NOT TESTED": 1},
        "at": AT,
    }
    parent = tracker.log_verification(**arguments)
    assert notices == []
    return tracker, parent, arguments


def runs_of(tracker):
    api = tracker._client
    experiments = [e.experiment_id for e in api.search_experiments()]
    return {run.info.run_id: run for run in api.search_runs(experiments, max_results=1000)}


def test_a_verification_is_the_parent_of_its_runs(store):
    tracker, parent, _ = store
    runs = runs_of(tracker)
    assert runs[parent].info.run_name == "vgg19 · demo · 2026-11-26 15:40"
    children = {r.info.run_name: r for r in runs.values() if r.data.tags.get("mlflow.parentRunId") == parent}
    assert set(children) == {f"{TITLE} · seed {seed}" for seed in (42, 43, 44)}
    assert children[f"{TITLE} · seed 44"].info.status == "FAILED"
    assert children[f"{TITLE} · seed 42"].info.status == "FINISHED"
    note = runs[parent].data.tags["mlflow.note.content"]
    assert "NOT TESTED" in note
    assert all(child in note for child in (r.info.run_id for r in children.values()))
    assert runs[parent].data.metrics == {"claims/not_tested": 1}
    assert tracker._client.get_experiment(runs[parent].info.experiment_id).name == "flipout/demo"


def test_a_run_shows_its_record(store):
    tracker, _, arguments = store
    item = arguments["items"][0]
    record, outcome = item.record, item.record.outcome
    run = next(r for r in runs_of(tracker).values() if r.data.tags.get("identity") == record.identity)
    for key in ("study", "paper", "table", "method", "network", "sparsity", "seed", "scale", "commit", "claims"):
        assert run.data.tags[key], key
    assert run.data.tags["claims"] == "vgg19-flipout"
    assert run.data.params["phases.0.optimizer.weight_decay"] == "0.0005"
    assert run.data.metrics["last_accuracy"] == outcome.last.percent
    history = tracker._client.get_metric_history(run.info.run_id, "test/accuracy")
    assert [(m.step, m.value) for m in history] == [
        (e, 100 * c / 360) for e, c in zip(outcome.curve["epoch"], outcome.curve["test_correct"], strict=True)
    ]
    assert run.info.end_time - run.info.start_time == int(record.cost.seconds * 1000)
    files = {f.path for f in tracker._client.list_artifacts(run.info.run_id)}
    assert files == {
        "protocol.json", "layers.csv", "curve.csv", "masks.safetensors", "compact.safetensors", "compact.json"
    }  # fmt: skip
    kept = tracker.runs / "mlflow-artifacts" / "flipout" / "demo" / run.info.run_id / "artifacts"
    assert json.loads((kept / "protocol.json").read_text())["identity"] == record.identity
    assert (kept / "compact.safetensors").read_bytes() == b"compact.safetensors"


def test_logging_again_changes_nothing(store):
    tracker, parent, arguments = store
    before = set(runs_of(tracker))
    assert tracker.log_verification(**arguments) == parent
    again = Tracker(tracker.runs, uri=tracker.uri)
    assert set(again.log_runs([i.record for i in arguments["items"]]).values()) == before - {parent}
    assert set(runs_of(tracker)) == before


def test_a_parameter_longer_than_mlflow_takes_is_cut_and_its_run_is_shown(tmp_path, factory):
    """As the text of a method from outside may be."""
    protocol = factory.make_protocol(seed=7)
    (phase,) = protocol.phases
    text = "\n".join(f"x = {i}  # a line of somebody's method" for i in range(300))
    method = phase.methods[0].model_copy(update={"options": {**phase.methods[0].options, "source": text}})
    protocol = protocol.with_(phases=(phase.model_copy(update={"methods": (method, *phase.methods[1:])}),))
    notices = []
    tracker = Tracker(tmp_path, uri=f"sqlite:///{tmp_path}/mlflow.db", notify=notices.append)
    (run,) = tracker.log_runs([factory.make_record(protocol)]).values()
    assert notices == []
    shown = tracker._client.get_run(run).data.params["phases.0.methods.0.options.source"]
    assert shown.startswith("x = 0  #")
    assert shown.endswith("(cut here; all of it is in the file protocol.json)")
    assert len(shown) <= TAG_LIMIT
    assert "x = 299" in Path(tracker._client.download_artifacts(run, "protocol.json")).read_text(encoding="utf-8")


def test_other_verdicts_on_the_same_runs_are_another_verification_of_them(store, factory):
    tracker, _, arguments = store
    long = "\n".join(f"| claim-{i} | a verdict in words that take some room |" for i in range(400))
    before = set(runs_of(tracker))
    later = tracker.log_verification(
        **{**arguments, "table": "long", "note": long, "items": arguments["items"][:1], "status": "interrupted"}
    )
    runs = runs_of(tracker)
    assert set(runs) - before == {later}
    assert runs[later].info.status == "KILLED"
    note = runs[later].data.tags["mlflow.note.content"]
    assert len(note) <= TAG_LIMIT
    assert "verdicts.md" in note
    whole = Path(tracker._client.download_artifacts(later, "verdicts.md"))
    assert "claim-399" in whole.read_text(encoding="utf-8")


def test_an_interrupted_run_makes_way_for_the_finished_one(store, factory):
    tracker, _, _ = store
    record = factory.make_record(seed=77)
    killed = tracker.log_interrupted(record.protocol, "stopped by the user after epoch 3", TITLE)
    assert runs_of(tracker)[killed].info.status == "KILLED"
    finished = tracker.log_runs([record])[fingerprint(record)]
    mine = [r.info.run_id for r in runs_of(tracker).values() if r.data.tags.get("identity") == record.identity]
    assert mine == [finished]


def test_a_half_written_run_is_replaced(store, factory, monkeypatch):
    tracker, _, _ = store
    record = factory.make_record(seed=88)
    broken = Tracker(tracker.runs, uri=tracker.uri, notify=lambda text: None)

    def crash(*args, **kwargs):
        raise OSError("no space")

    monkeypatch.setattr(broken, "_batches", crash)
    assert broken.log_runs([record]) == {}
    whole = Tracker(tracker.runs, uri=tracker.uri).log_runs([record])[fingerprint(record)]
    mine = {
        r.info.run_id: r.info.status
        for r in runs_of(tracker).values()
        if r.data.tags.get("identity") == record.identity
    }
    assert mine == {whole: "FINISHED"}


def test_without_mlflow_there_is_one_notice_and_no_error(tmp_path, factory, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    notices = []
    tracker = Tracker(tmp_path, notify=notices.append)
    assert tracker.log_runs([factory.make_record()]) == {}
    assert tracker.log_runs([factory.make_record(seed=1)]) == {}
    assert tracker.log_interrupted(factory.make_protocol(), "why") is None
    assert len(notices) == 1
    assert "complete without it" in notices[0]


def test_an_unreachable_server_is_given_up_on_with_one_notice(tmp_path, factory):
    notices = []
    tracker = Tracker(tmp_path, uri=f"http://127.0.0.1:{free_port()}", notify=notices.append)
    assert tracker.log_runs([factory.make_record()]) == {}
    assert tracker.log_runs([factory.make_record()]) == {}
    assert len(notices) == 1


def test_the_environment_names_another_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert Tracker(tmp_path).uri == "http://127.0.0.1:1"
    assert Tracker(tmp_path, uri="sqlite:///x.db").uri == "sqlite:///x.db"


def test_a_database_of_somebody_else_is_added_to_and_not_tidied(tmp_path, factory, monkeypatch):
    monkeypatch.chdir(tmp_path)  # MLflow puts files of such a store where its owner works
    uri, record, notices = f"sqlite:///{tmp_path}/user.db", factory.make_record(), []
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    theirs = client(uri)
    default = theirs.get_experiment_by_name("Default").experiment_id
    same = theirs.create_experiment(content.experiment_name(record.protocol.paper, record.protocol.scale))
    under_way = theirs.create_run(same).info.run_id
    (run,) = Tracker(tmp_path / "runs", notify=notices.append).log_runs([record]).values()
    assert notices == []
    assert theirs.get_experiment(default).lifecycle_stage == "active"
    assert theirs.get_run(under_way).info.lifecycle_stage == "active"
    assert theirs.get_run(run).info.status == "FINISHED"
    assert not (tmp_path / "runs").exists()


def test_two_of_us_write_any_database_one_after_the_other(tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr("repro.tracking.tracker.locked", lambda file: held.append(file) or nullcontext())
    for runs in ("a", "b"):
        Tracker(tmp_path / runs, uri=f"sqlite:///{tmp_path}/user.db")._lock()
    Tracker(tmp_path / "a")._lock()
    Tracker(tmp_path / "a", uri="http://127.0.0.1:1")._lock()
    Tracker(tmp_path / "a", uri=f"sqlite:///{tmp_path}/mistyped/user.db")._lock()
    assert held == [tmp_path / "user.db", tmp_path / "user.db", tmp_path / "a" / "mlflow.db"]


@pytest.mark.slow
def test_a_remote_server_gets_the_same_view(tmp_path, factory):
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        str(tmp_path / "a"),
    ]
    environment = {**os.environ, **FASTER}
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=tmp_path, env=environment, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and server.poll() is None and not answers(port):
            time.sleep(0.5)
        assert answers(port), (tmp_path / "server.log").read_text()
        notices = []
        tracker = Tracker(tmp_path / "runs", uri=f"http://127.0.0.1:{port}", notify=notices.append)
        record = factory.make_record()
        (run,) = tracker.log_runs([record]).values()
        assert tracker.log_runs([record]) == {fingerprint(record): run}
        assert notices == []
        seen = tracker._client.get_run(run)
        assert seen.data.metrics["last_accuracy"] == record.outcome.last.percent
        assert {f.path for f in tracker._client.list_artifacts(run)} == {"protocol.json", "layers.csv", "curve.csv"}
        assert not (tmp_path / "runs" / "mlflow.db").exists()
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # its workers too; nothing of it is kept
        server.wait(30)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
