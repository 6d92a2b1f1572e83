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
    """Loss, accuracy, stored values and momentum against the reference."""
    c.close(probe.loss, expected["loss_per_step"], tolerance, "loss")
    final = probe.epochs[-1]
    stored = final["parameters"]
    c.close(traces.checks(stored), expected["final"]["parameters"], tolerance, "parameters")
    for key in set(expected["final"]) - {"parameters"}:
        if key.startswith("momentum"):
            buffers = traces.checks(final["momentum"])
            c.close({n: buffers[n] for n in expected["final"][key]}, expected["final"][key], tolerance, key)
        elif key == "masks" or key == "mask":
            live = {n: c.kept(m.reshape(-1)) for n, m in engine.state.masks.live.items()}
            print(key, str(expected["final"][key])[:300])
        else:
            print("KEY", key, str(expected["final"][key])[:300])


@pytest.mark.parametrize("case_id", REALLOCATED)
def test_reallocation_follows_the_original(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    inputs, expected = case["inputs"], case["expected"]
    method = (masked(inputs), reallocation(inputs, "weight"))
    engine, probe = traces.run(inputs, method, tmp_path)
    compare(expected, engine, probe, case["tolerance"])
    events = steps_of(engine, probe)
    for ours, theirs in zip(events, expected["events"], strict=True):
        known = {k: v for k, v in theirs.items() if k in ours}
        c.close({k: ours[k] for k in known}, known, case["tolerance"])
    print(set(expected), set(expected["events"][0]))
