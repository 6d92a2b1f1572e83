"""Runs that start with the same whole training phase train it once: a dense network from which many tickets are drawn.

Kept are the end of the phase and the epochs that somebody rewinds to, the best one among them. A run that needs an
epoch nobody has kept trains that far itself, keeps it for the others, and takes the rest from the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.protocol import Protocol, Prune, Rewind, Train, canonical, digest
from shared.training import checkpoint, rewind
from shared.training.running import Running, beginning_of
from shared.training.saved import Position, pack, unpack_network
from shared.training.waiting import held

DENSE = frozenset({"learning-rate-table"})
"""Methods with which a phase is still ordinary dense training."""


def whole_key(protocol: Protocol) -> str:
    """Name of a run's first phase: equal for runs that train alike in it, whatever comes after."""
    plan = canonical(protocol)
    for field in ("paper", "variant", "scale"):
        plan.pop(field, None)
    plan["phases"] = [{k: v for k, v in plan["phases"][0].items() if k != "name"}]
    return digest(plan)


def sharable(protocol: Protocol, index: int) -> bool:
    """Whether a phase is worth keeping: the run's first, and dense, or followed by a pruning or rewind."""
    first = protocol.phases[0]
    if index or not isinstance(first, Train):
        return False
    after = protocol.phases[1:2]
    dense = all(m.name in DENSE for m in first.methods)
    return dense or (bool(after) and isinstance(after[0], Prune | Rewind))


@contextmanager
def whole_lock(store: WholeStore | None, run: Running, index: int) -> Iterator[None]:
    """Hold the phase while training it: a second run that needs it waits, and then takes it from the store.

    Raises:
        Stopped: the run had to leave before the other one was done.
    """
    if store is None or not sharable(run.protocol, index):
        yield
        return
    store.root.mkdir(parents=True, exist_ok=True)
    with held(store.root / f"{beginning_of(run, whole_key(run.protocol))}.lock", run):
        yield


class WholeStore:
    """Whole phases by key, each a folder of checkpoints named by epoch.

    Args:
        root: the folder of shared beginnings.
    """

    def __init__(self, root: Path) -> None:
        self.root = root / "whole"

    def offer(self, run: Running, index: int) -> None:
        """Keep the epoch just finished, if it is the last or one that is rewound to, and nobody has kept it yet."""
        state, phase = run.state, run.protocol.phases[index]
        if not sharable(run.protocol, index):
            return
        assert isinstance(phase, Train)
        last = state.epoch == phase.epochs
        folder = self._folder(run, state.epoch)
        if not folder.is_dir() and (last or state.epoch in rewind.points(run.protocol, index)):
            tensors, plain = pack(state)
            checkpoint.write(folder, tensors, plain | {"rows": run.rows if last else []})
        if last and rewind.to_best(run.protocol, index):
            self._offer_best(run, index, rewind.best_epoch(run.rows))

    def _offer_best(self, run: Running, index: int, best: int) -> None:
        """Keep the best epoch for others, if nobody has yet and this run has passed it."""
        if self._folder(run, best).is_dir():
            return
        tensors, plain = checkpoint.read(rewind.kept_in(run.directory, index, None))
        if plain["epoch"] == best:
            checkpoint.write(self._folder(run, best), tensors, plain)

    def jump(self, run: Running, index: int, done: int) -> bool:
        """Go to the end of the phase if it and every epoch still to be passed and rewound to are kept.

        Args:
            run: the run.
            index: position of the phase.
            done: epochs of it that have been trained.
        """
        protocol, phase = run.protocol, run.protocol.phases[index]
        if not sharable(protocol, index):
            return False
        assert isinstance(phase, Train)
        wanted = sorted(e for e in rewind.points(protocol, index) | {phase.epochs} if e > done)
        if not all(self._folder(run, epoch).is_dir() for epoch in wanted):
            return False
        try:
            found = {epoch: checkpoint.read(self._folder(run, epoch)) for epoch in wanted}
            if rewind.to_best(protocol, index):
                best = rewind.best_epoch(found[phase.epochs][1]["rows"])
                if best <= done:
                    self._offer_best(run, index, best)
                tensors, plain = found.get(best) or checkpoint.read(self._folder(run, best))
                checkpoint.write(rewind.kept_in(run.directory, index, None), tensors, plain | {"epoch": best})
        except checkpoint.DamagedCheckpointError:
            return False
        for epoch in rewind.points(protocol, index) & found.keys():
            checkpoint.write(rewind.kept_in(run.directory, index, epoch), *found[epoch])
        tensors, plain = found[phase.epochs]
        unpack_network(run.state, tensors, plain)
        run.state.epoch = phase.epochs
        run.rows = [{**row, "phase": phase.name} for row in plain["rows"]]
        run.directory.set_rows(run.rows)
        run.saver.save(Position(index + 1, 0, len(run.rows)), run.extra, run.rows)
        return True

    def _folder(self, run: Running, epoch: int) -> Path:
        return self.root / beginning_of(run, whole_key(run.protocol)) / f"{epoch:06d}"
