"""The training traces of the DSR reference file, through the real engine in float64 with the stated draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import conventions as c
import dsr_traces as traces
import pytest
import torch

from shared.protocol import Method
from shared.sparsity.gradual import step_fractions
from shared.sparsity.units import of_units

CASES = c.load("dsr")
REALLOCATED = (
    "trace_dsr_mlp",
    "trace_set_mlp",
    "trace_fraction_across",
    "trace_threshold_within",
    "trace_random_new_weights",
    "trace_dsr_kernels_wrn",
    "trace_dsr_lenet",
)
STATIC = ("trace_copied_mask", "trace_static_wrn")
REWIRED = {
    "trace_deep_rewiring_published": "stale",
    "trace_deep_rewiring_signs_after_init": "initial",
    "trace_deep_rewiring_corrected": "fixed",
}
PRUNED = ("trace_gradual_pruning_cubic", "trace_gradual_pruning_exponential")


def masked(inputs: Mapping[str, Any]) -> Method:
    options: dict[str, Any] = {"l1": inputs["l1_coefficient"]}
    if inputs.get("kernel_group_lasso"):
        options["kernel_lasso"] = True
    return Method(name="masked-weights", options=options)


def reallocation(inputs: Mapping[str, Any], granularity: str) -> Method:
    rule = inputs["reallocation"]
    periods = rule["period_per_epoch"]
    options: dict[str, Any] = {"periods": periods, "period_epochs": list(range(len(periods)))}
    options["allocation"] = "published" if rule["across_tensors"] else "within"
    options |= {"granularity": rule.get("granularity", granularity), "stop_epoch": rule.get("stop_epoch")}
    if "fraction" in rule:
        options["fraction"] = rule["fraction"]
    else:
        options |= {"target": rule["target"], "threshold": rule["initial_threshold"]}
    if "standard_normal_draws" in rule:
        options["new"] = "random"
    return Method(name="reallocate", options=options)


def steps_of(engine: Any, probe: traces.Probe) -> list[dict[str, Any]]:
    """The events of a run in the reference's terms."""
    out = []
    for row in engine.rows:
        for e in (e for e in row["events"] if e["prune"] == "reallocation"):
            columns = (e["step"], e["dropped"], e["survivors"], e["grown"], e["passes"], e["threshold"])
            for step, k, r, g, passes, used in zip(*columns, strict=True):
                active = [a + b for a, b in zip(r, g, strict=True)]
                out.append(
                    {
                        "step": step,
                        "dropped_per_tensor": k,
                        "survivors_per_tensor": r,
                        "grown_per_tensor": g,
                        "growth_passes": passes,
                        "active_per_tensor_after": active,
                        "threshold_used": used,
                    }
                )
    return out


def compare(expected: Mapping[str, Any], engine: Any, probe: traces.Probe, tolerance: Any) -> None:
    """Loss, stored values, momentum, statistics and counts at the end and after each epoch."""
    c.close(probe.loss, expected["loss_per_step"], tolerance, "loss")
    if "top1_percent_per_step" in expected:  # the engine counts correct answers per epoch
        size, steps = engine.setup.train.batch_size, len(engine.setup.train)
        correct = [round(p * size / 100) for p in expected["top1_percent_per_step"]]
        sums = [sum(correct[i : i + steps]) for i in range(0, len(correct), steps)]
        assert [r["train_correct"] for r in engine.rows] == sums
    for ours, theirs in zip(probe.epochs, expected.get("after_each_epoch", probe.epochs), strict=True):
        if ours is not theirs:
            same(ours, theirs, tolerance)
    same(probe.epochs[-1], expected["final"], tolerance)


def same(ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerance: Any) -> None:
    """One state of a run."""
    for key, value in theirs.items():
        if key == "parameters":
            found = ours[key]
            c.close({n: found[n] for n in value}, value, tolerance, key)
        else:
            c.close(ours[key], value, tolerance, key)


@pytest.mark.parametrize("case_id", REALLOCATED)
def test_reallocation_follows_the_original(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    inputs, expected = case["inputs"], case["expected"]
    method = (masked(inputs), reallocation(inputs, "weight"))
    engine, probe = traces.run(inputs, method, tmp_path)
    compare(expected, engine, probe, case["tolerance"])
    events = steps_of(engine, probe)
    for ours, theirs, after in zip(events, expected["events"], [*events[1:], None], strict=True):
        known = {k: v for k, v in theirs.items() if k in ours}
        c.close({k: ours[k] for k in known}, known, case["tolerance"])
        assert set(theirs) <= {*ours, "threshold_after", "dropped_positions"}
        if "threshold_after" in theirs and after is not None:
            assert after["threshold_used"] == theirs["threshold_after"]
    active = sum(sum(e["grown_per_tensor"]) - sum(e["dropped_per_tensor"]) > 0 for e in events)
    assert active == expected.get("events_with_surplus", 0)


@pytest.mark.parametrize("case_id", STATIC)
def test_static_masks_follow_the_original(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    engine, probe = traces.run(case["inputs"], (masked(case["inputs"]),), tmp_path)
    compare(case["expected"], engine, probe, case["tolerance"])
    if "effective_weights_at_start" in case["expected"]:
        model, _ = traces.network(case["inputs"])
        parameters = dict(model.named_parameters())
        at_start = {
            n: parameters[n].detach() * of_units(traces.positions(m), parameters[n].shape)
            for n, m in case["inputs"]["masks"].items()
        }
        c.close([*traces.checks(at_start).values()], case["expected"]["effective_weights_at_start"], case["tolerance"])


@pytest.mark.parametrize("case_id", REWIRED)
def test_deep_rewiring_follows_the_original(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    inputs, expected = case["inputs"], case["expected"]
    rule = inputs["deep_rewiring"]
    temperatures = rule["temperature_per_epoch"]
    options = {"eta": rule["eta"], "temperatures": temperatures, "temperature_epochs": [*range(len(temperatures))]}
    method = Method(name="deep-rewiring", options={**options, "signs": REWIRED[case_id]})
    engine, probe = traces.run(inputs, (masked(inputs), method), tmp_path)
    compare(expected, engine, probe, case["tolerance"])
    not_full = [i for i, m in enumerate(inputs["masks"].values()) if not bool(traces.positions(m).all())]
    dropped = [sum(e["dropped_per_tensor"][i] for e in expected["events"]) for i in not_full]
    counted = [e["dropped"] for r in engine.rows for e in r["events"]]
    assert [sum(column) for column in zip(*counted, strict=True)] == dropped
    if "stored_signs_at_end" in expected:
        for ours, i in zip(engine.state.signals["signs"].values(), not_full, strict=True):
            c.close(ours.to(torch.int64), expected["stored_signs_at_end"][i])


@pytest.mark.parametrize("case_id", PRUNED)
def test_gradual_pruning_follows_the_original(case_id: str, tmp_path: Path) -> None:
    case = CASES["trace_gradual_pruning"]
    inputs, expected = case["inputs"][case_id], case["expected"][case_id]
    rule = inputs["pruning"]
    options = {"linear": rule["target_sparsity"], "steps": rule["steps"], "first": rule["start_epoch"] + 1}
    options |= {"interval": rule["interval_epochs"], "shape": rule["shape"]}
    method = Method(name="prune-gradually", options=options)
    engine, probe = traces.run(inputs, (masked(inputs), method), tmp_path)
    compare(expected, engine, probe, case["tolerance"])
    fractions = step_fractions(rule["target_sparsity"], rule["steps"], rule["shape"])
    c.close(fractions, expected["fractions"], case["tolerance"])
    assert [e["active_per_tensor"] for e in probe.epochs] == expected["active_after_each_epoch"]


@pytest.mark.parametrize("variant", ["published", "corrected"])
def test_tied_training_follows_the_original(variant: str, tmp_path: Path) -> None:
    case = CASES["trace_tied"]
    inputs = case["inputs"]
    options = {"l1": inputs["l1_coefficient"], "rescale": variant == "corrected"}
    method = Method(name="tied-gradients", options=options)
    engine, probe = traces.run(inputs, (method,), tmp_path)
    compare(case["expected"][variant], engine, probe, case["tolerance"])
