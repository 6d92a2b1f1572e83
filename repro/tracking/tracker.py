"""Writes the MLflow view of runs and verifications."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from repro.evidence.files import locked
from repro.evidence.record import Record
from repro.tracking import content
from repro.tracking.connect import artifacts, client, is_ours, sqlite_file, store_uri
from repro.tracking.content import Tracked
from shared.protocol import Protocol, digest

T = TypeVar("T")

PARAMS_PER_CALL, METRICS_PER_CALL = 100, 1000
TAG_LIMIT = 5000
"""Longest tag or parameter that every MLflow backend takes; a longer text is cut, and whole in a file."""

KEPT = ("masks.safetensors", "compact.safetensors", "compact.json")
"""Files of a run's folder that are shown with it, where it has them."""
Verification = Literal["finished", "interrupted"]


def to_stderr(message: str) -> None:
    """Print a notice where it does not mix with results."""
    print(message, file=sys.stderr)


class Tracker:
    """The MLflow view of a folder of runs.

    Nothing here ever raises because of MLflow: the first failure is told in one notice, and the tracker is off from
    then on. Every call is idempotent.

    Args:
        runs: the folder of runs; the default store is ``<runs>/mlflow.db``.
        uri: another store (default: ``MLFLOW_TRACKING_URI``, if it is set).
        notify: receives the notice.
    """

    def __init__(self, runs: str | Path, uri: str | None = None, notify: Callable[[str], None] = to_stderr) -> None:
        self.runs = Path(runs)
        self.uri = store_uri(self.runs, uri)
        self.ours = is_ours(self.runs, self.uri)
        self.off = False
        self._notify = notify
        self._client: Any = None

    def log_runs(self, items: Iterable[Tracked | Record]) -> dict[str, str]:
        """Show finished runs; those already in the store are left alone.

        Returns:
            Record fingerprint to MLflow run id (empty where MLflow is off).
        """
        wanted = [_tracked(item) for item in items]
        return self._guard(lambda: self._log_runs(wanted), {})

    def log_verification(
        self,
        *,
        paper: str,
        scale: str,
        table: str,
        items: Sequence[Tracked | Record],
        note: str,
        counts: Mapping[str, int] | None = None,
        at: datetime | None = None,
        status: Verification = "finished",
    ) -> str | None:
        """Show one verification as the parent of its runs, whose last parent it becomes.

        The same verdicts on the same records are shown once, however often they are asked for.

        Args:
            paper, scale, table: what was verified.
            items: the runs behind the verdicts.
            note: the verdict table in Markdown.
            counts: label to number of claims, shown as metrics (``claims/reproduced``...).
            at: when it was (default: now).
            status: ``interrupted`` is shown as killed.

        Returns:
            The MLflow run id, or ``None`` where MLflow is off.
        """
        wanted = [_tracked(item) for item in items]
        when = at or datetime.now(UTC).astimezone()
        return self._guard(
            lambda: self._log_verification(paper, scale, table, wanted, note, dict(counts or {}), when, status), None
        )

    def log_interrupted(self, protocol: Protocol, reason: str, title: str = "") -> str | None:
        """Show a run that stopped before its end; it makes way for the finished run of that identity.

        Returns:
            The MLflow run id, or ``None`` where MLflow is off.
        """
        return self._guard(lambda: self._log_interrupted(protocol, reason, title), None)

    def _guard(self, work: Callable[[], T], otherwise: T) -> T:
        if self.off:
            return otherwise
        try:
            with self._lock():
                if self._client is None:
                    self._client = client(self.uri)
                return work()
        except Exception as error:  # whatever MLflow raises, the runs and verdicts stand without it
            self.off = True
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            self._notify(
                f"MLflow is not available ({reason}); runs, records and verdicts are complete without it, and "
                "`repro results import` shows them there later."
            )
            return otherwise

    def _lock(self) -> AbstractContextManager[None]:
        """One of us at a time, so that nothing is shown twice; a server has no file to lock."""
        file = sqlite_file(self.uri)
        if file is None or not (self.ours or file.parent.is_dir()):  # a folder that was mistyped is not made
            return nullcontext()
        return locked(file)

    def _log_runs(self, items: list[Tracked]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in dict.fromkeys(_experiment(item) for item in items):
            experiment = self._experiment(name)
            self._forget_half_written(experiment)
            stopped = self._interrupted(experiment)
            for item in (i for i in items if _experiment(i) == name):
                key = content.fingerprint(item.record)
                if key not in found:
                    found[key] = self._known(experiment, key) or self._log_run(experiment, item)
                for run in stopped.pop(item.record.identity, []):
                    self._client.delete_run(run)
        return found

    def _log_run(self, experiment: str, item: Tracked) -> str:
        start, stop = content.span(item.record)
        run = self._start(experiment, content.run_name(item), content.tags(item), start)
        self._batches(run, content.params(item.record.protocol), content.points(item.record))
        with tempfile.TemporaryDirectory() as folder:
            content.write_files(item, Path(folder))
            for path in (item.folder / name for name in KEPT if item.folder):
                if path.exists():
                    shutil.copyfile(path, Path(folder) / path.name)
            self._client.log_artifacts(run, folder)
        diverged = item.record.outcome.status == "diverged"
        self._client.set_terminated(run, status="FAILED" if diverged else "FINISHED", end_time=stop)
        return run

    def _log_verification(
        self,
        paper: str,
        scale: str,
        table: str,
        items: list[Tracked],
        note: str,
        counts: dict[str, int],
        at: datetime,
        status: Verification,
    ) -> str:
        children = self._log_runs(items)
        experiment = self._experiment(content.experiment_name(paper, scale))
        key = digest([table, status, sorted(children), note, counts])[:16]
        known = self._find(experiment, f"tags.verification = '{key}'")
        if known:
            return known[0].info.run_id
        whole = f"{note.rstrip()}\n\n{_links(experiment, items, children)}"
        tags = {"kind": "verification", "paper": paper, "scale": scale, "table": table, "status": status}
        tags |= {
            "mlflow.source.name": "repro",
            "mlflow.source.type": "LOCAL",
            "mlflow.note.content": _cut(whole, "the whole note is the file verdicts.md"),
        }
        time = int(at.timestamp() * 1000)
        run = self._start(experiment, f"{table} · {scale} · {at:%Y-%m-%d %H:%M}", tags, time)
        points = (content.Point(f"claims/{_slug(label)}", float(n), 0, time) for label, n in counts.items())
        self._batches(run, {}, points)
        for child in children.values():
            self._client.set_tag(child, "mlflow.parentRunId", run)
        self._client.log_text(run, whole + "\n", "verdicts.md")
        self._client.set_tag(run, "verification", key)
        end = max(time, int(datetime.now(UTC).timestamp() * 1000))
        self._client.set_terminated(run, status="KILLED" if status == "interrupted" else "FINISHED", end_time=end)
        return run

    def _log_interrupted(self, protocol: Protocol, reason: str, title: str) -> str:
        experiment = self._experiment(content.experiment_name(protocol.paper, protocol.scale))
        for old in self._interrupted(experiment).get(protocol.identity, []):
            self._client.delete_run(old)
        name = title or f"{protocol.model.name}, {content.method(protocol)}"
        tags = {"kind": "run", "identity": protocol.identity, "study": protocol.study, "status": "interrupted"}
        tags |= {"paper": protocol.paper, "scale": protocol.scale, "seed": str(protocol.seed)}
        tags |= {"network": protocol.model.name, "method": content.method(protocol), "mlflow.note.content": reason}
        run = self._start(experiment, f"{name} · seed {protocol.seed}", tags, None)
        self._batches(run, content.params(protocol), ())
        self._client.set_terminated(run, status="KILLED")
        return run

    def _start(self, experiment: str, name: str, tags: Mapping[str, str], start: int | None) -> str:
        cut = {key: _cut(value, "the whole note is the file verdicts.md") for key, value in tags.items()}
        return self._client.create_run(experiment, start_time=start, tags=cut, run_name=name).info.run_id

    def _batches(self, run: str, params: Mapping[str, str], points: Iterable[content.Point]) -> None:
        """Log parameters and metrics in as few transactions as MLflow's limits allow."""
        from mlflow.entities import Metric, Param

        settings = [Param(key, _cut(value, "all of it is in the file protocol.json")) for key, value in params.items()]
        values = [Metric(p.key, p.value, p.time, p.step) for p in points]
        while settings or values:
            self._client.log_batch(run, metrics=values[:METRICS_PER_CALL], params=settings[:PARAMS_PER_CALL])
            settings, values = settings[PARAMS_PER_CALL:], values[METRICS_PER_CALL:]

    def _experiment(self, name: str) -> str:
        """The id of an experiment, created if need be; in our own store its files lie beside the runs."""
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            if found.lifecycle_stage == "deleted":
                self._client.restore_experiment(found.experiment_id)
            return found.experiment_id
        place = (artifacts(self.runs) / name).absolute().as_uri() if self.ours else None
        if place:
            self._hide_default()
        return self._client.create_experiment(name, artifact_location=place, tags=content.experiment_tags(name))

    def _hide_default(self) -> None:
        """Put away the empty experiment that MLflow makes in a new store; our own has no other user."""
        default = self._client.get_experiment_by_name("Default")
        if default and default.lifecycle_stage == "active" and not self._find(default.experiment_id, ""):
            self._client.delete_experiment(default.experiment_id)

    def _known(self, experiment: str, key: str) -> str | None:
        """The complete run that shows a record; asked for one at a time, as listing a large store takes seconds."""
        found = self._find(experiment, f"tags.record = '{key}'")
        return next((run.info.run_id for run in found if run.info.status != "RUNNING"), None)

    def _forget_half_written(self, experiment: str) -> None:
        """Remove what a crash left; only in our own store, whose lock we hold: any other has other writers."""
        if self.ours:
            for run in self._find(experiment, "attributes.status = 'RUNNING'"):
                self._client.delete_run(run.info.run_id)

    def _interrupted(self, experiment: str) -> dict[str, list[str]]:
        """Identity to the interrupted runs shown for it."""
        stopped: dict[str, list[str]] = {}
        for run in self._find(experiment, "tags.status = 'interrupted' and tags.kind = 'run'"):
            stopped.setdefault(run.data.tags["identity"], []).append(run.info.run_id)
        return stopped

    def _find(self, experiment: str, condition: str) -> list[Any]:
        runs: list[Any] = []
        token = None
        while True:
            page = self._client.search_runs([experiment], condition, max_results=1000, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs


def _tracked(item: Tracked | Record) -> Tracked:
    return Tracked(record=item) if isinstance(item, Record) else item


def _experiment(item: Tracked) -> str:
    return content.experiment_name(item.record.protocol.paper, item.record.protocol.scale)


def _links(experiment: str, items: Sequence[Tracked], children: Mapping[str, str]) -> str:
    """A Markdown list of the runs, which stays complete when a later verification takes the runs over."""
    lines = ["### Runs", ""]
    for item in items:
        run = children[content.fingerprint(item.record)]
        accuracy = item.record.outcome.last.percent
        link = f"[{content.run_name(item)}](#/experiments/{experiment}/runs/{run})"
        claims = f" → {', '.join(f'`{c}`' for c in item.claims)}" if item.claims else ""
        lines.append(f"- {link}: {accuracy:.2f} %{claims}")
    return "\n".join(lines)


def _cut(text: str, where: str) -> str:
    """A text short enough for a tag or a parameter, cut at the end of a line; ``where`` the whole of it is."""
    if len(text) <= TAG_LIMIT:
        return text
    end = f"\n\n(cut here; {where})"
    head = text[: TAG_LIMIT - len(end)]
    return head[: head.rfind("\n") if "\n" in head else len(head)] + end


def _slug(label: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
