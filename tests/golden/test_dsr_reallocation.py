"""Dropping, growing, thresholds and schedules of the DSR reference file."""

from __future__ import annotations

import itertools
from typing import Any

import conventions as c
import dsr_traces as traces
import pytest
import torch
from torch import nn

from papers.dsr.deep_rewiring import noise_sd, turned
from papers.dsr.settings import SCHEDULES
from shared.draws import ReplayedDraws
from shared.errors import ReproError
from shared.protocol import Data, Model, Protocol, Train
from shared.sparsity import growth, reallocation
from shared.sparsity.masks import Masks
from shared.sparsity.tying import bank_size
from shared.sparsity.units import active_count, live_units, of_units, unit_scores
from shared.training.components.events import Clock
from shared.training.components.masked_weights import MaskedWeights, keep_dormant
from shared.training.components.reallocate import Reallocation, new_weight_sd
from shared.training.components.tables import in_force
from shared.training.state import State

CASES = c.load("dsr")


def case(case_id: str) -> tuple[dict[str, Any], dict[str, Any], Any]:
    found = CASES[case_id]
    return found["inputs"], found["expected"], found["tolerance"]


def state_of(tensors: list[tuple[torch.Tensor, torch.Tensor]], sources: dict[str, Any]) -> State:
    """A state of linear (or convolutional) tensors with stored values and masks of their shape."""
    parameters = {str(i): nn.Parameter(w.clone()) for i, (w, _) in enumerate(tensors)}
    plan = Protocol(
        paper="dsr", model=Model(name="stated"), data=Data(name="stated"), phases=(Train(epochs=1),), seed=0
    )
    masks = Masks(parameters)
    state = State(plan, nn.Module(), masks, ReplayedDraws(sources), torch.device("cpu"))
    keep_dormant(state)
    masks.set({str(i): m.view(w.shape) for i, (w, m) in enumerate(tensors)})
    return state


def stored(state: State) -> list[torch.Tensor]:
    """The values of S, under the masks too."""
    dormant = state.masks.dormant
    assert dormant is not None
    return [p.detach() + d for p, d in zip(state.masks.parameters.values(), dormant, strict=True)]


def positions(listed: list[int], n: int) -> torch.Tensor:
    scores = torch.arange(1, n + 1, dtype=torch.float64)
    scores[listed] = 0.0
    return scores


def test_count_rules() -> None:
    inputs, expected, _ = case("count_rules")
    rule = inputs["initial_count_rule"]
    active = [[active_count(n, s) for s in rule["sparsity"]] for n in rule["n"]]
    assert active == expected["initial_count_rule"]["active"]
    rule = inputs["tied_bank_rule"]
    assert [[bank_size(n, s) for s in rule["sparsity"]] for n in rule["n"]] == expected["tied_bank_rule"]["values"]


def test_threshold_prune_weights() -> None:
    inputs, expected, _ = case("threshold_prune_weights")
    weights, live = c.tensor(inputs["weights"]), traces.positions(inputs["mask"])
    n = weights.numel()
    state = state_of([(weights, live)], {"growth": lambda *a: positions([], n)})
    event = Reallocation(periods=[1], target=1, threshold=inputs["threshold"], allocation="within")
    dropped = reallocation.below_threshold(weights.abs().reshape(-1), live, inputs["threshold"])
    assert c.kept(dropped) == expected["dropped"]
    survivors = live & ~dropped
    assert c.kept(survivors) == expected["active_after"]
    with torch.no_grad():
        event._clear(state, [survivors])
    assert torch.equal(state.masks.parameters["0"].detach(), c.tensor(expected["weights_after"]))


def test_threshold_prune_spare_one() -> None:
    inputs, expected, _ = case("threshold_prune_spare_one")
    rules: dict[str, Any] = {"published_icml": "first", "published_iclr": "none"}
    for row, wanted in zip(inputs["tensors"], expected["rows"], strict=True):
        weights = torch.tensor(row["weights"], dtype=torch.float64)
        live = torch.zeros(len(weights), dtype=torch.bool)
        live[row["active"]] = True
        for name, spare in rules.items():
            if "dropped" not in wanted[name]:  # the original stops with a division by zero; ours leaves it empty
                assert not row["active"]
                assert not reallocation.below_threshold(weights.abs(), live, row["threshold"], spare).any()
                continue
            dropped = reallocation.below_threshold(weights.abs(), live, row["threshold"], spare)
            assert c.kept(dropped) == wanted[name]["dropped"], (row, name)
            assert c.kept(live & ~dropped) == wanted[name]["active_after"], (row, name)
            c.close((weights * (live & ~dropped)).tolist(), wanted[name]["weights_after"])


@pytest.mark.parametrize("granularity", ["weight", "row", "kernel", "filter"])
def test_granularity_prune(granularity: Any) -> None:
    inputs, expected, tolerance = case("granularity_prune")
    weights, about, wanted = c.tensor(inputs["weights"]), inputs["granularity"][granularity], expected[granularity]
    live = traces.positions(about["mask"])
    scores = unit_scores(weights, granularity)
    _like(scores, wanted["scores"], tolerance)
    dropped = reallocation.below_threshold(scores, live, about["threshold"])
    assert c.kept(dropped) == wanted["dropped"]
    left = live & ~dropped
    assert c.kept(left) == wanted["active_units_after"]
    mask = of_units(left, weights.shape)
    assert torch.equal(live_units(mask, granularity), left)
    assert int(mask.sum()) == wanted["active_weights_after"]
    _like(weights * mask, wanted["weights_after"], tolerance)
    _like(weights * mask, wanted["effective_weights"], tolerance)
    k = reallocation.fraction_count(int(left.sum()), inputs["next_fraction"])
    following = reallocation.smallest(scores, left, k)
    assert c.kept(following) == sorted(wanted["fraction_dropped_next"])
    assert c.kept(left & ~following) == wanted["active_units_after_fraction"]


def _like(values: torch.Tensor, wanted: dict[str, Any], tolerance: Any) -> None:
    """Against full data or a checksum."""
    if "data" in wanted:
        c.close(values.reshape(-1).tolist(), wanted["data"], tolerance)
    else:
        c.close({"shape": list(values.shape), **c.checksum(values)}, wanted, tolerance)


def test_fraction_prune() -> None:
    inputs, expected, _ = case("fraction_prune")
    for name, extra in (("published_icml", 1), ("published_iclr", 0)):
        rule = inputs["fraction_prune"]
        scores = torch.tensor(rule["weights"], dtype=torch.float64).abs()
        live = torch.ones(len(scores), dtype=torch.bool)
        for fraction, wanted in zip(rule["fractions"], expected["fraction_prune"][name], strict=True):
            k = reallocation.fraction_count(int(live.sum()), fraction, extra)
            dropped = reallocation.smallest(scores, live, k)
            assert c.kept(dropped) == sorted(wanted["dropped_in_order"])
            live &= ~dropped
            assert c.kept(live) == wanted["active_after"]
        rule = inputs["fraction_prune_counts"]
        counts = [[reallocation.fraction_count(n, f, extra) for f in rule["fractions"]] for n in rule["active"]]
        assert counts == expected["fraction_prune_counts"][name]


def test_fraction_prune_ties() -> None:
    inputs, expected, _ = case("fraction_prune_ties")
    scores = torch.tensor(inputs["weights"], dtype=torch.float64).abs()
    live = torch.ones(len(scores), dtype=torch.bool)
    dropped = c.kept(reallocation.smallest(scores, live, reallocation.fraction_count(len(scores), inputs["fraction"])))
    assert len(dropped) == expected["dropped_count"]
    assert set(expected["must_drop"]) <= set(dropped)
    assert set(dropped) - set(expected["must_drop"]) <= set(expected["choose_from"])


def test_sign_change_prune() -> None:
    inputs, expected, _ = case("sign_change_prune")
    weights = torch.tensor(inputs["weights"], dtype=torch.float64)
    live = torch.zeros(len(weights), dtype=torch.bool)
    live[inputs["active"]] = True
    dropped = live & turned(weights, torch.tensor(inputs["stored_signs"], dtype=torch.float64))
    assert c.kept(dropped) == expected["dropped"]
    assert c.kept(live & ~dropped) == expected["active_after"]
    assert (weights * (live & ~dropped)).tolist() == expected["weights_after"]
    assert weights.sign().int().tolist() == expected["stored_signs_after"]


@pytest.mark.parametrize("kind", ["linear", "convolution"])
def test_random_new_weights(kind: str) -> None:
    inputs, expected, tolerance = case("random_new_weights")
    about, wanted = inputs[kind], expected[kind]
    weights, live = c.tensor(about["weights"]), traces.positions(about["mask"])
    draw = c.tensor(about["standard_normal_draws"])
    state = state_of([(weights, live)], {"new-weights": lambda shape, *a: draw.view(shape)})
    dropped = reallocation.below_threshold(unit_scores(weights), live, about["threshold"])
    assert c.kept(dropped) == wanted["dropped"]
    with torch.no_grad():
        Reallocation(periods=[1], target=1, new="random")._clear(state, [live & ~dropped])
    _like(state.masks.parameters["0"].detach(), wanted["weights_after"], tolerance)
    assert new_weight_sd(weights.shape) > 0


@pytest.mark.parametrize(
    "case_id",
    [
        "growth_allocation",
        "growth_overshoot",
        "growth_capacity",
        "growth_allocation_large",
        "growth_emptied_tensor_iclr",
    ],
)
def test_published_growth(case_id: str) -> None:
    inputs, expected, _ = case(case_id)
    for row, wanted in zip(inputs["scenarios"], expected["scenarios"], strict=True):
        layers = list(row["layer_draws"])
        stated = (row["survivors"], row["dropped"], row["free"])
        passes = growth.proportional_published(*stated, lambda layers=layers: layers.pop(0))
        assert not layers
        assert [{"requested": r, "grown": g} for r, g in passes] == wanted["passes"]
        totals = [sum(g[i] for _, g in passes) for i in range(len(row["survivors"]))]
        assert totals == wanted["grown_per_tensor"]
        if "surplus" in wanted:
            assert sum(totals) - sum(row["dropped"]) == wanted["surplus"]


def test_growth_stall() -> None:
    inputs, expected, _ = case("growth_stall")
    turns = itertools.cycle((0, 1))
    for row, ends in zip(inputs["scenarios"], expected["never_ends"], strict=True):
        assert ends
        with pytest.raises(ReproError, match="nowhere to grow"):
            growth.proportional_published(row["survivors"], row["dropped"], row["free"], lambda: next(turns))


def test_growth_within_tensor() -> None:
    inputs, expected, _ = case("growth_within_tensor")
    grown = growth.within_tensor(inputs["dropped"], inputs["free"])
    assert grown == expected["grown_per_tensor"]
    assert [r + g for r, g in zip(inputs["survivors"], grown, strict=True)] == expected["active_after"]


def test_growth_allocation_corrected() -> None:
    inputs, expected, _ = case("growth_allocation_corrected")
    for row, wanted in zip(inputs["scenarios"], expected["grown_per_tensor"], strict=True):
        total = sum(row["dropped"])
        if wanted is None:
            with pytest.raises(ReproError, match="free to grow"):
                growth.proportional_exact(row["survivors"], total, row["free"])
        else:
            assert growth.proportional_exact(row["survivors"], total, row["free"]) == wanted, row


def test_threshold() -> None:
    inputs, expected, _ = case("threshold")
    for row, wanted in zip(
        inputs["threshold_control"]["sequences"], expected["threshold_control"]["thresholds"], strict=True
    ):
        h, out = row["initial_threshold"], []
        for k in row["dropped"]:
            h = reallocation.adapted(h, k, row["target"])
            out.append(h)
        assert out == wanted
    rule, wanted = inputs["threshold_closed_loop"], expected["threshold_closed_loop"]
    scores, h = c.tensor(rule["weights"]).abs().reshape(-1), rule["initial_threshold"]
    live = torch.ones(len(scores), dtype=torch.bool)
    dropped, thresholds = [], []
    for _ in range(rule["events"]):
        dropped.append(int(reallocation.below_threshold(scores, live, h).sum()))
        h = reallocation.adapted(h, dropped[-1], rule["target"])
        thresholds.append(h)
    assert dropped == wanted["dropped"]
    assert thresholds == wanted["thresholds"]


def test_event_full_tensor() -> None:
    inputs, expected, tolerance = case("event_full_tensor")
    tensors = [(c.tensor(t["weights"]), traces.positions(t["mask"])) for t in inputs["tensors"]]
    layers = list(inputs["layer_draws"])
    sources = {
        "growth": lambda shape, e, s, i: positions(inputs["growth"][i], shape[0]),
        "remainder": lambda *a: torch.tensor([(layers.pop(0) + 0.5) / len(tensors)], dtype=torch.float64),
    }
    state = state_of(tensors, sources)
    component = Reallocation(periods=[1], target=inputs["target"], threshold=inputs["threshold"])
    component.start(state)
    component.event(state)
    (event,) = component.log.events
    assert event["dropped"] == expected["dropped_per_tensor"]
    assert event["survivors"] == expected["survivors_per_tensor"]
    assert event["grown"] == expected["grown_per_tensor"]
    assert event["passes"] == expected["growth_passes"]
    assert event["threshold"] == expected["threshold_used"]
    assert component.threshold == expected["threshold_after"]
    assert [c.kept(m.reshape(-1)) for m in state.masks.live.values()] == expected["mask_after"]
    for ours, theirs in zip(stored(state), expected["weights_after"], strict=True):
        _like(ours, theirs, tolerance)


def test_event_iterations() -> None:
    inputs, expected, _ = case("event_iterations")
    for run, wanted in zip(inputs["runs"], expected["iterations"], strict=True):
        epochs, periods = zip(*run["period_changes"], strict=True)
        clock = Clock(epochs, periods, run["stop_epoch"])
        assert clock.iterations(run["epochs"], run["iterations_per_epoch"]) == wanted


def test_event_totals() -> None:
    inputs, expected, _ = case("event_totals")
    for run, wanted in zip(inputs["runs"], expected["runs"], strict=True):
        table = SCHEDULES[run["schedule"]].period
        assert table is not None
        clock = Clock(table[0], [int(p) for p in table[1]], run["stop_epoch"])
        counts = [len(e) for e in clock.iterations(run["epochs"], run["iterations_per_epoch"])]
        assert {"total": sum(counts), "first_ten_epochs": counts[:10]} == wanted


def test_schedules() -> None:
    inputs, expected, _ = case("schedules")
    for about, wanted in zip(
        inputs["schedule_tables"]["schedules"], expected["schedule_tables"]["schedules"], strict=True
    ):
        schedule = SCHEDULES[about["name"]]
        early = about["generation"] == "iclr"
        tables = {
            "learning_rate": schedule.lr,
            "rewiring_period": schedule.period,
            "temperature": (schedule.early_temperature if early else None) or schedule.temperature,
        }
        for column in about["columns"]:
            table = tables[column]
            assert table is not None
            assert [in_force(*table, e) for e in range(about["epochs"])] == wanted[column], (about, column)
    for about, values in zip(
        inputs["schedule_lookup"]["schedules"], expected["schedule_lookup"]["values"], strict=True
    ):
        epochs, rates = zip(*about["changes"], strict=True)
        assert [in_force(epochs, rates, q) for q in about["queries"]] == values


def test_start_epoch_counter() -> None:
    inputs, expected, _ = case("start_epoch_counter")
    schedule, per_epoch = SCHEDULES[inputs["schedule"]], inputs["iterations_per_epoch"]
    assert schedule.period is not None
    assert schedule.temperature is not None
    for i, wanted in enumerate(expected["epochs"]):
        epoch = inputs["start_epoch"] + i
        assert wanted == {
            "epoch": epoch,
            "iteration_at_start": i * per_epoch,  # our runs never start late; a resumed one goes on counting (trap 11)
            "learning_rate": in_force(*schedule.lr, epoch),
            "period": in_force(*schedule.period, epoch),
            "temperature": in_force(*schedule.temperature, epoch),
        }


def test_set_counts_per_event() -> None:
    from papers.dsr.counts import shapes

    inputs, expected, _ = case("set_counts_per_event")
    networks = {
        "wrn-28-2": ("wide_resnet", 2.0),
        "resnet50": ("imagenet_resnet50", 1.0),
        "lenet-300-100": ("lenet300", 1.0),
    }
    for row, wanted in zip(inputs["rows"], expected["rows"], strict=True):
        prunable, _ = shapes(*networks[row["network"]])
        active = [active_count(c.sizes([s])[0], row["sparsity"]) for s in prunable]
        for name, extra in (("icml", 1), ("iclr", 0)):
            counts = [reallocation.fraction_count(n, row["fraction"], extra) for n in active]
            assert counts == wanted[f"published_{name}"]
            assert sum(counts) == wanted[f"total_{name}"]


def test_deep_rewiring_scale_and_first_step() -> None:
    inputs, expected, tolerance = case("deep_rewiring_scale_and_first_step")
    rule = inputs["deep_rewiring_noise_scale"]
    sds = [[noise_sd(eta, t) for t in rule["temperature"]] for eta in rule["eta"]]
    c.close(sds, expected["deep_rewiring_noise_scale"]["sd"], tolerance)
    rows = inputs["deep_rewiring_first_step_counts"]["rows"]
    for row, wanted in zip(rows, expected["deep_rewiring_first_step_counts"]["rows"], strict=True):
        first, second = [], []
        for t in row["tensors"]:
            weights, live = c.tensor(t["weights"]).reshape(-1), traces.positions(t["mask"])
            signs = c.tensor(t["stored_sign_is_sign_of"]).reshape(-1).sign()
            dropped = live & turned(weights, signs)
            first.append(int(dropped.sum()))
            second.append(int((live & ~dropped & turned(weights, weights.sign())).sum()))
        assert {"dropped_per_tensor": first, "dropped_second_call": second} == wanted


def test_momentum_drift() -> None:
    inputs, expected, tolerance = case("momentum_drift")
    weights = torch.tensor(inputs["weights"], dtype=torch.float64)
    live = torch.ones(len(weights), dtype=torch.bool)
    state = state_of([(weights, live)], {})
    (parameter,) = state.masks.parameters.values()
    optimizer = torch.optim.SGD(
        [parameter], lr=inputs["learning_rate"], momentum=inputs["momentum"], nesterov=True,
        weight_decay=inputs["weight_decay"],
    )  # fmt: skip
    masked = MaskedWeights()
    gradients = [*inputs["gradients_first_two_steps"], *[[0.0] * 6] * 3, *[[0.01] * 6] * 2]
    masked.start(state)
    event = Reallocation(periods=[1], target=2, threshold=0.05, allocation="within")
    step = 0
    for row in expected["rows"]:
        if "event" not in row:
            parameter.grad = torch.tensor(gradients[step], dtype=torch.float64)
            step += 1
            masked.before_step(state)
            optimizer.step()
            state.masks.apply()
            c.close(stored(state)[0].tolist(), row["weights"], tolerance)
            c.close(optimizer.state[parameter]["momentum_buffer"].tolist(), row["momentum"], tolerance)
        elif "prune" in row["event"]:
            with torch.no_grad():
                dropped = event._drop([stored(state)[0].abs()], [live])[0]
                if "dropped" in row:
                    assert c.kept(dropped) == row["dropped"]
                live = live & ~dropped
                event._clear(state, [live])
                state.masks.set({"0": live})
            c.close(stored(state)[0].tolist(), row["weights"], tolerance)
        else:
            live = live.clone()
            live[int(row["event"].split()[1])] = True  # "position 2 grown (value 0, momentum kept)"
            state.masks.set({"0": live})
