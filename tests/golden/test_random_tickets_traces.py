"""Trainings of the random_tickets reference file, through the real engine in float64 with the stated draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import conventions as c
import pytest
import random_tickets_cases as r
import torch
from random_tickets_cases import CASES, Probe

from papers.random_tickets.schedules import milestones_of, resumed, steps
from shared.protocol import Method, Phase, Prune, Rewind, Schedule, Train
from shared.training.engine import Engine

FREEZE = (Method(name="freeze-zeros"),)
MASK = (Method(name="mask-gradients"),)


def train(i: dict[str, Any], methods: tuple[Method, ...], **changes: Any) -> Train:
    milestones = tuple(i.get("milestones", ()))
    schedule = Schedule(kind="multistep", milestones=milestones, gamma=i["gamma"]) if milestones else Schedule()
    settings = {
        "name": "train",
        "epochs": i["epochs"],
        "batch_size": i["batch_size"],
        "optimizer": r.optimizer(i),
        "schedule": schedule,
        "methods": methods,
    }
    return Train(**(settings | changes))


def stated(masks: dict[str, Any]) -> Method:
    return Method(name="stated-masks", options={"masks": [m["bits"] for m in masks.values()]})


def per_epoch(values: list[float], epochs: int) -> list[list[float]]:
    n = len(values) // epochs
    return [values[k * n : (k + 1) * n] for k in range(epochs)]


def momentum_on_pruned(engine: Engine, optimizer: Any) -> float:
    total = 0.0
    for name, parameter in engine.state.masks.parameters.items():
        buffer = optimizer.state[parameter]["momentum_buffer"]
        total += float(buffer[~engine.state.masks.live[name]].abs().sum())
    return total


def compare(case: dict[str, Any], engine: Engine, watch: Probe, skip: tuple[str, ...] = ()) -> None:
    """Every key of a published trace."""
    e, tolerance = case["expected"], case["tolerance"]
    model, epochs = engine.state.model, case["inputs"]["epochs"]
    losses = watch.losses.get("train", [])
    found: dict[str, Any] = {
        "loss_per_step": losses,
        "epoch_mean_loss": [row["train_loss"] for row in engine.rows],
        "lr_per_epoch": [v[0] for v in per_epoch(watch.rates.get("train", []), epochs)] if epochs else [],
        "nonzero_per_layer_after_epoch": watch.nonzero.get("train"),
        "steps_per_epoch": len(losses) // epochs if epochs else 0,
        "samples_used_per_epoch": len(engine.train.examples),
        "shuffle": engine.train.shuffle,
    }
    for key, value in e.items():
        if key in ("final", "final_masked"):
            c.close(r.checksums(model, value), value, tolerance, key)
        elif key == "after_first_epoch":
            found_ = {n: c.checksum(watch.after["train"][0][n]) for n in value}
            c.close(found_, value, tolerance, key)
        elif key == "momentum_abs_sum_on_pruned":
            c.close(momentum_on_pruned(engine, watch.optimizer), float(value), tolerance, key)
        elif key == "start_masks":
            live = {n: r.bits(watch.begun["train"][n] != 0) for n in value}
            assert live == r.expected_bits(value)
        elif key == "start_kept_per_layer":
            kept = [int((watch.begun["train"][n] != 0).sum()) for n in engine.state.masks]
            assert kept == value
        elif key not in skip:
            c.close(found[key], value, tolerance, key)


def test_half_of_the_data_in_file_order(tmp_path: Path) -> None:
    case = CASES["dense_half_dataset_training"]
    i = case["inputs"]
    half = Method(name="half-dataset", options={"batches": i["max_batch_idx"]})
    engine, watch = r.run(i, (train(i, (), checks=(half,)),), tmp_path)
    compare(case, engine, watch)


@pytest.mark.parametrize("case_id", ["random_ticket_training_published", "random_ticket_training_published_resnet"])
def test_random_tickets(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    i = case["inputs"]
    options = {
        "sparsity": i["prune_ratio"],
        "linear_keep": i["linear_keep_ratio"],
        "depth_penalty": i["ratio_family"] == "vgg",
        "arithmetic": "published",
    }
    phases = (Prune(method=Method(name="random-ticket", options=options)), train(i, FREEZE))
    engine, watch = r.run(i, phases, tmp_path, sources={"random-ticket": r.permutations(i["permutations"])})
    compare(case, engine, watch)


def test_a_kept_weight_that_is_zero_stays_zero(tmp_path: Path) -> None:
    case = CASES["lottery_ticket_training_dead_zero"]
    i = case["inputs"]
    phases = (Prune(method=stated(i["pruned_model_masks"])), train(i, FREEZE))
    engine, watch = r.run(i, phases, tmp_path, init=i["loaded_initial_weights"])
    compare(case, engine, watch, skip=())


@pytest.mark.parametrize("case_id", ["rearrange_published", "shuffle_survivors_published"])
def test_checks_of_the_published_script(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    shuffle = case_id.startswith("shuffle")
    check = Method(name="layerwise-weight-shuffling" if shuffle else "layerwise-rearrange")
    phases = (Prune(method=stated(i["pruned_model_masks"]), checks=(check,)),)
    sources = {"check-shuffle": lambda shape, *key: torch.arange(shape[0]).roll(1)}
    if not shuffle:
        sources = {"check-rearrange": r.permutations(i["permutations"])}
    engine, _ = r.run(i, phases, tmp_path, sources=sources, init=i["loaded_initial_weights"])
    weights = {n: p.detach() for n, p in engine.state.masks.parameters.items()}
    assert {n: r.bits(w != 0) for n, w in weights.items()} == r.expected_bits(e["start_masks"])
    assert [int((w != 0).sum()) for w in weights.values()] == e["start_kept_per_layer"]
    if shuffle:
        survivors = [w[w != 0].sort().values for w in weights.values()]
        for values, expected in zip(survivors, e["sorted_survivors"], strict=True):
            c.close(values, [float(v) for v in expected], tolerance)
    else:
        c.close([w.abs().sum().item() for w in weights.values()], e["start_weights_abs_sum"], tolerance)
    if "final" in e:
        c.close(r.checksums(engine.state.model, e["final"]), e["final"], tolerance)


def test_masks_in_the_forward_pass(tmp_path: Path) -> None:
    """Kept weights follow the same path. What the original's removed weights hold between a step and the next forward
    pass cannot be compared: ours are set to 0 within the step; their momentum is the same."""
    case = CASES["training_forward_mask_answer42"]
    i, e = case["inputs"], case["expected"]
    inputs = i | {"gamma": 0.1, "milestones": [1, 2]}
    engine, watch = r.run(i, (Prune(method=stated(i["masks"])), train(inputs, ())), tmp_path)
    hidden = (
        "pruned_entries_abs_sum_right_after_last_step",
        "prunable_weights_right_after_last_step",
        "momentum_final",
    )
    compare(case, engine, watch, skip=hidden)
    named = dict(engine.state.model.named_parameters())
    momentum = {n: c.checksum(watch.optimizer.state[named[n]]["momentum_buffer"]) for n in e["momentum_final"]}
    c.close(momentum, e["momentum_final"], case["tolerance"])


REWINDING = [
    "weight_rewinding_answer42",
    "learning_rate_rewinding_answer42",
    "hybrid_rewinding_answer42",
    "rewinding_weights_shuffled_answer42",
]


def spans(rates: list[float]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for k, rate in enumerate(rates):
        if out and out[-1]["lr"] == pytest.approx(rate, rel=1e-12):
            out[-1]["last"] = k
        else:
            out.append({"first": k, "last": k, "lr": rate})
    return out


@pytest.mark.parametrize("case_id", REWINDING)
def test_rewinding(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    epochs, at, length = i["epochs"], i["rewind_epoch"], i["retrain_epochs"]
    shuffle = (Method(name="layerwise-weight-shuffling", options={"over": "layer"}),) if "checks" in i else ()
    pruner = Method(name="magnitude", options={"sparsity": i["prune_ratio"], "count": "ties-kept"})
    if i.get("hybrid"):
        smart = i["smart_ratio"]
        options = {"sparsity": i["prune_ratio"], "depth": smart["L"], "depth_penalty": smart["vgg_scaling"]}
        pruner = Method(name="hybrid-ticket", options=options | {"arithmetic": "answer42"})
    pretrain = train(i, (), name="pretrain", schedule=steps(milestones_of(epochs)))
    lr, schedule = resumed(epochs, at, length, "answer42", i["optimizer"]["lr"])
    retrain = train(i, MASK, epochs=length, schedule=schedule, optimizer=r.optimizer(i).model_copy(update={"lr": lr}))
    back: tuple[Phase, ...] = ()
    if i["rewind"] == "weights":
        back = (Rewind(phase="pretrain", epoch=at + 1, checks=shuffle),)  # after the epoch with index 2
    sources = {"check-shuffle": r.permutations(i["permutations"])} if shuffle else {}
    phases = (pretrain, Prune(method=pruner), *back, retrain)
    engine, watch = r.run(i, phases, tmp_path, sources=sources)
    steps_ = watch.losses["pretrain"], watch.losses["train"]
    size = len(c.tensor(i["images"]))
    reported = [sum(v) / size for p, n in zip(steps_, (epochs, length), strict=True) for v in per_epoch(p, n)]
    found: dict[str, Any] = {
        "pretrain_loss_per_step": steps_[0],
        "retrain_loss_per_step": steps_[1],
        "reported_train_loss_per_epoch": reported,
        "lr_per_step_pretrain": spans(watch.rates["pretrain"]),
        "lr_per_step_retrain": spans(watch.rates["train"]),
        "kept_per_layer": [*engine.state.masks.remaining_per_tensor().values()],
        "nonzero_per_layer_after_retrain_epoch": watch.nonzero["train"],
    }
    states = {
        "pretrained_final": watch.after["pretrain"][-1],
        "network_chosen_before_mask": watch.after["pretrain"][at],
        "retrain_start": watch.begun["train"],
        "final": engine.state.model.state_dict(),
    }
    for key, value in e.items():
        if key == "masks":
            assert r.mask_bits(engine.state.masks) == r.expected_bits(value)
        elif key in states:
            c.close({n: c.checksum(states[key][n]) for n in value}, value, tolerance, key)
        else:
            c.close(found[key], value, tolerance, key)


def test_snip_rearranged(tmp_path: Path) -> None:
    case = CASES["snip_training_answer42_rearranged"]
    i, e, tolerance = case["inputs"], case["expected"], case["tolerance"]
    model = r.network(i["network"])
    pruner = Method(name="snip-balanced", options={"sparsity": i["prune_ratio"], "variant": "answer42"})
    rearrange = (Method(name="layerwise-rearrange"),)
    phases = (
        Prune(name="score", method=pruner, checks=rearrange),
        train(i, MASK, schedule=steps(milestones_of(i["epochs"]))),
    )
    sources = {
        "snip-redraw": r.redrawn(model, i["redrawn_weights"]),
        "check-rearrange": r.permutations(i["permutations"]),
    }
    engine, watch = r.run(i, phases, tmp_path, sources=sources)
    size = len(c.tensor(i["images"]))
    losses = watch.losses["train"]
    found = {
        "loss_per_step": losses,
        "reported_train_loss_per_epoch": [sum(v) / size for v in per_epoch(losses, i["epochs"])],
        "nonzero_per_layer_after_epoch": watch.nonzero["train"],
        "kept_per_layer": [*engine.state.masks.remaining_per_tensor().values()],
        "scoring_loss": engine.extra["score"]["loss"],
        "momentum_abs_sum_on_pruned": momentum_on_pruned(engine, watch.optimizer),
    }
    assert r.mask_bits(engine.state.masks) == r.expected_bits(e["masks"])
    c.close(r.checksums(engine.state.model, e["final"]), e["final"], tolerance)
    for key in e.keys() - {"masks", "final"}:
        value = float(e[key]) if key == "momentum_abs_sum_on_pruned" else e[key]
        c.close(found[key], value, tolerance, key)
