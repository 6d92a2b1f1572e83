"""Metrics of runs that are trained, pruned once and finetuned: what each stage left (hoyer sheet 4.6 and 4.7)."""

from __future__ import annotations

from repro.evidence.left import LEFT, left_metric
from repro.evidence.outcome import Outcome
from repro.evidence.spread import spread_metric
from shared.protocol import Protocol, Prune, Train
from shared.sparsity.alive import Alive, merged
from shared.training.selection import best_after_epoch, best_before_epoch, best_or_pruned

STAGES = ("top1_accuracy_dense", "top1_accuracy_before_finetune", "top1_accuracy_best_before_epoch")

BY_TOP5 = {"top1_accuracy_best_by_top5": "test_correct", "top5_accuracy_best_by_top5": "test_top5"}

ON_VAL = ("top1_accuracy_best_on_val", "epoch_best_on_val")

COMPACTED = {"compacted_macs_percent": "macs", "compacted_parameters_percent": "parameters"}


def stage_metric(protocol: Protocol, outcome: Outcome, name: str) -> float | None:
    """The value of a metric of a stage; ``None`` where the run has no such stage.

    Args:
        protocol: of the run.
        outcome: what came out.
        name: ``top1_accuracy_dense`` (before the pruning), ``top1_accuracy_before_finetune`` (right after it),
            ``top1_accuracy_best_before_epoch`` (the best of what is measured before each epoch of finetuning, so the
            pruned network competes and the last epoch does not), ``top1_accuracy_best_by_top5`` and
            ``top5_accuracy_best_by_top5`` (after the epoch of finetuning with the best top-5, or of the pruned network
            if none is better: hoyer sheet 4.9), ``top1_accuracy_best_on_val`` (after the first epoch of finetuning with
            the most correct answers on held-out images, so the pruned network does not compete: hoyer sheet 4.11),
            ``epoch_best_on_val`` (that epoch, counted from 1 where finetuning starts), ``compression_rate``,
            ``alive_inputs:TENSOR``, ``alive_outputs:TENSOR``, ``alive_joint:TENSOR:NEXT`` (the smaller of outputs and
            next inputs), or ``structured_macs_percent`` (multiply-adds between alive groups, of the dense ones; chains
            of layers only), ``compacted_macs_percent`` and ``compacted_parameters_percent`` (of the smaller dense
            network that was built, of the whole one's); any other name is one of ``repro.evidence.left`` or
            ``repro.evidence.spread``.
    """
    if name == "compression_rate":
        return outcome.prunable / outcome.remaining if outcome.remaining else None
    if name.startswith("alive_"):
        return _alive(outcome, name)
    if name == "structured_macs_percent":
        return _structured_macs(protocol, outcome)
    if name in COMPACTED:
        return _compacted(outcome, COMPACTED[name])
    if name in BY_TOP5:
        return _best_by_top5(protocol, outcome, BY_TOP5[name])
    if name in ON_VAL:
        return _best_on_val(protocol, outcome, name)
    if name not in STAGES:
        return left_metric(outcome, name) if name.startswith(LEFT) else spread_metric(outcome, name)
    curve = outcome.curve.get("test_correct", [])
    before = epochs_before_pruning(protocol)
    if not curve or len(curve) < before:
        return None
    percent = 100 / outcome.last.total
    if name == "top1_accuracy_dense" and before:
        return percent * curve[before - 1]
    pruned = _after_pruning(protocol, outcome)
    if pruned is None:
        return None
    if name == "top1_accuracy_before_finetune":
        return percent * pruned
    if name == "top1_accuracy_best_before_epoch":
        return percent * best_before_epoch(pruned, curve[before:])[1]
    return None


def epochs_before_pruning(protocol: Protocol) -> int:
    """Epochs up to the first pruning between phases; all of them where there is none."""
    epochs = 0
    for phase in protocol.phases:
        if isinstance(phase, Prune):
            break
        epochs += phase.epochs if isinstance(phase, Train) else 0
    return epochs


def _after_pruning(protocol: Protocol, outcome: Outcome, column: str = "test_correct") -> int | None:
    name = next((p.name for p in protocol.phases if isinstance(p, Prune)), None)
    found = outcome.extra.get(name, {}).get(column) if name else None
    return int(found) if found is not None else None


def _best_by_top5(protocol: Protocol, outcome: Outcome, column: str) -> float | None:
    pruned = _after_pruning(protocol, outcome, "test_top5")
    after = outcome.curve.get("test_top5", [])[epochs_before_pruning(protocol) :]
    if pruned is None or not after:
        return None
    epoch = best_or_pruned(pruned, after)
    found = _after_pruning(protocol, outcome, column) if epoch < 0 else outcome.curve[column][epoch - len(after)]
    return None if found is None else 100 * found / outcome.last.total


def _best_on_val(protocol: Protocol, outcome: Outcome, name: str) -> float | None:
    """Chosen on images that are not reported, so that the maximum is not optimistic (hoyer sheet, trap 6)."""
    before = epochs_before_pruning(protocol)
    held_out = outcome.curve.get("val_correct", [])[before:]
    if not held_out:
        return None
    epoch = best_after_epoch(held_out)
    if name == "epoch_best_on_val":
        return float(epoch + 1)
    return 100 * float(outcome.curve["test_correct"][before + epoch]) / outcome.last.total


def _alive(outcome: Outcome, name: str) -> float | None:
    kind, *tensors = name.split(":")
    alive: dict[str, list[int]] = outcome.extra.get("alive", {})
    if not tensors or any(t not in alive for t in tensors):
        return None
    inputs, outputs = alive[tensors[0]]
    if kind == "alive_joint":
        return float(min(outputs, alive[tensors[1]][0]))
    return float(inputs if kind == "alive_inputs" else outputs)


def _structured_macs(protocol: Protocol, outcome: Outcome) -> float | None:
    """The smaller count at each joint of a chain; where a map is flattened, each side keeps its own (hoyer 4.10)."""
    alive: dict[str, list[int]] = outcome.extra.get("alive", {})
    layers = [layer for layer in outcome.layers if layer.name in alive]
    if not layers or not protocol.model.name.startswith("lenet"):
        return None
    chain = [(*alive[layer.name], layer.shape[1], layer.shape[0]) for layer in layers]
    whole = merged([Alive(inputs, outputs, columns, rows) for inputs, outputs, columns, rows in chain])
    dense = sum(layer.total * layer.positions for layer in layers)
    left = sum(
        inputs * outputs * layer.total * layer.positions / (layer.shape[0] * layer.shape[1])
        for (inputs, outputs), layer in zip(whole, layers, strict=True)
    )
    return 100 * left / dense


def _compacted(outcome: Outcome, size: str) -> float | None:
    sizes = [outcome.extra.get("compact", {}).get(when, {}).get(size) for when in ("after", "before")]
    return 100 * sizes[0] / sizes[1] if all(sizes) else None
