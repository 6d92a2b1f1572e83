"""RigL and Erdos-Renyi densities of the DSR reference file, which lie outside the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import conventions as c
import torch
from torch import nn

from papers.dsr.gradient_growth import RigL
from shared.draws import ReplayedDraws
from shared.protocol import Data, Model, Protocol, Train
from shared.sparsity import erdos_renyi, rigl
from shared.sparsity.masks import Masks
from shared.training.components.masked_weights import MaskedWeights, keep_dormant
from shared.training.state import State

CASES = c.load("dsr")


def test_rigl_densities() -> None:
    case = CASES["rigl_densities"]
    for row, wanted in zip(case["inputs"]["rows"], case["expected"]["rows"], strict=True):
        # shapes are stated as [kh, kw, in, out] and [in, out]
        shapes = [tuple(reversed(s)) for s in row["shapes"]]
        custom = {int(i): s for i, s in row["custom"].items()}
        kind, power = row["method"], row["power"]
        found = erdos_renyi.sparsities(shapes, row["sparsity"], kind=kind, power=power, custom=custom)
        c.close(found, wanted["sparsities"], case["tolerance"])
        assert [erdos_renyi.kept(n, s) for n, s in zip(c.sizes(shapes), found, strict=True)] == wanted["kept"]


def test_rigl_cosine_fraction() -> None:
    case = CASES["rigl_cosine_fraction"]
    for row, wanted in zip(case["inputs"]["rows"], case["expected"]["fractions"], strict=True):
        length = row["end"] - row["begin"]
        c.close([rigl.cosine_fraction(row["initial"], t, length) for t in row["steps"]], wanted, case["tolerance"])


def test_rigl_drop_counts() -> None:
    case = CASES["rigl_drop_counts"]
    pairs = case["inputs"]["pairs"]
    assert [rigl.drop_count(p["active"], p["fraction"]) for p in pairs] == case["expected"]["dropped"]
    double = [int(p["active"] * p["fraction"]) for p in pairs]
    assert double == case["expected"]["double_precision_truncation"]


def test_rigl_trace() -> None:
    """The component in the engine's order of hooks, on the reference's quadratic loss."""
    case = CASES["rigl_trace"]
    i, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    targets = [c.tensor(t["target"], torch.float32) for t in i["tensors"]]
    component = RigL([i["frequency"]], i["drop_fraction"], begin=i["begin"], end=i["end"])
    masked, state = MaskedWeights(), state_of(i)
    assert state.optimizer is not None
    for part in (component, masked):
        part.start(state)
    for call in expected["calls"]:
        before = {n: m.clone() for n, m in state.masks.live.items()}
        assert call["step_before"] == component.step
        component.draw(state)
        assert component.updating == call["mask_update"]
        for p, target in zip(state.masks.parameters.values(), targets, strict=True):
            p.grad = p.detach() - target  # of the loss with respect to mask * w, dense
        for part in (component, masked):
            part.before_step(state)
        state.optimizer.step()
        state.masks.apply()
        component.after_batch(state)
        assert call["step_after"] == component.step
        if call["mask_update"]:
            assert [c.kept((m & ~before[n]).reshape(-1)) for n, m in state.masks.live.items()] == call["became_active"]
            assert [c.kept(m.reshape(-1)) for m in state.masks.live.values()] == call["active_after"]
        c.close([float(w.sum()) for w in stored(state)], call["weights_sum"], tolerance)
    for ours, theirs in zip(stored(state), expected["weights_after"], strict=True):
        c.close(ours.reshape(-1).tolist(), theirs["data"], tolerance)
    for p, theirs in zip(state.masks.parameters.values(), expected["momentum_after"], strict=True):
        c.close(state.optimizer.state[p]["momentum_buffer"].reshape(-1).tolist(), theirs["data"], tolerance)


def state_of(inputs: Mapping[str, Any]) -> State:
    """A state of the stated tensors and masks, with the stated optimiser."""
    module = nn.Module()
    for index, t in enumerate(inputs["tensors"]):
        module.register_parameter(str(index), nn.Parameter(c.tensor(t["weights"], torch.float32)))
    plan = Protocol(paper="dsr", model=Model(name="stated"), data=Data(name="d"), phases=(Train(epochs=1),), seed=0)
    masks = Masks(dict(module.named_parameters()))
    state = State(plan, module, masks, ReplayedDraws({}), torch.device("cpu"))
    keep_dormant(state)
    live = {}
    for (name, p), t in zip(masks.parameters.items(), inputs["tensors"], strict=True):
        live[name] = torch.zeros(p.numel(), dtype=torch.bool)
        live[name][t["active"]] = True
        live[name] = live[name].view(p.shape)
    masks.set(live)
    rate, momentum = inputs["learning_rate"], inputs["momentum"]
    state.optimizer = torch.optim.SGD(module.parameters(), lr=rate, momentum=momentum)
    return state


def stored(state: State) -> list[torch.Tensor]:
    """The values of S, under the masks too."""
    assert state.masks.dormant is not None
    return [p.detach() + d for p, d in zip(state.masks.parameters.values(), state.masks.dormant, strict=True)]
