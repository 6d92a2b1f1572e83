"""Corrected finetuning by the ratio chooses its epoch on held-out images (sheet 4.11, trap 6)."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from papers.hoyer import paper
from papers.hoyer.cells import Cell, cells
from repro.cli import main
from repro.evidence.record import Record
from repro.evidence.store import read
from shared.errors import ReproError
from shared.protocol import Data, Protocol, Scale
from shared.training.prefix import prefix_key
from shared.training.whole import sharable, whole_key

CORRECTED = [c for c in cells() if c.corrected]
MLP = "lenet-300-100"
HS = ("--reg", "hs", "--decay", "2e-4", "--threshold", "0.03"), f"{MLP}/corrected-pretrained-hoyer-square-0.0002/V0.03"
L1 = ("--reg", "l1", "--decay", "1e-3"), f"{MLP}/corrected-pretrained-l1-0.001/V0.25"


def held_out(data: Data) -> tuple[int, str, str, str]:
    return data.val_size, data.val_rule, data.select_on, data.evaluate_on


def test_corrected_runs_by_the_ratio_choose_on_images_held_out_and_no_others_do() -> None:
    choosing = {e for e in paper.experiments if paper.experiments[e].protocol(42).data.select_on}
    assert choosing == {c.id for c in CORRECTED}
    for cell in CORRECTED:
        assert held_out(paper.experiments[cell.id].protocol(42).data) == (5_000, "stratified", "val", "test")


@pytest.mark.parametrize(("scale", "images"), [("demo", 120), ("reduced", 833)])
def test_every_scale_holds_out_the_same_share(scale: Scale, images: int) -> None:
    """1,437 digits and 10,000 of 60,000 images."""
    for cell in CORRECTED:
        data = paper.at_scale(cell.id, scale, 42).data
        assert held_out(data) == (images, "stratified", "val", "test")


@pytest.mark.parametrize("cell", CORRECTED, ids=lambda c: c.id)
def test_corrected_and_published_runs_share_no_beginning(cell: Cell) -> None:
    """They train on other images; the corrected runs of a seed share their dense network among them."""
    published, corrected = (paper.experiments[id].protocol(42) for id in (cell.id.replace("corrected-", ""), cell.id))
    assert published.phases[0] == corrected.phases[0]
    assert sharable(corrected, 0)
    assert whole_key(published) != whole_key(corrected)
    assert prefix_key(published, 3) != prefix_key(corrected, 3)
    other = paper.experiments[f"{cell.network}/corrected-pretrained-l1-0.001/V0.25"].protocol(42)
    assert whole_key(corrected) == whole_key(other)


RATIO: dict[str, Any] = {"variant": "corrected", "reg": "ghs", "decay": 1e-4, "prune_rule": "std-ratio"}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({}, (5_000, "stratified", "val", "test")),
        ({"target_sparsity": 0.9}, (5_000, "stratified", "val", "test")),
        ({"network": "resnet"}, (5_000, "stratified", "val", "test")),
        ({"val_size": 6_000}, (6_000, "stratified", "val", "test")),
        ({"val_size": 0}, (0, "last", "", "test")),
        ({"eval_split": "val"}, (5_000, "last", "", "val")),
        ({"variant": "published"}, (0, "last", "", "test")),
        ({"prune_rule": "absolute"}, (0, "last", "", "test")),
        ({"prune_rule": "none"}, (0, "last", "", "test")),
        ({"network": "imagenet-resnet50"}, (0, "last", "", "test")),
    ],
)
def test_a_typed_run_chooses_where_it_is_corrected_and_pruned_by_the_ratio(
    typed: dict[str, Any], expected: tuple[int, str, str, str]
) -> None:
    plan = paper.build({**RATIO, **typed})
    assert held_out(plan.data) == expected
    assert Protocol.model_validate_json(plan.model_dump_json()) == plan


def test_a_published_run_still_needs_a_size_to_evaluate_on_held_out_images() -> None:
    with pytest.raises(ReproError, match="--eval-split val needs --val-size"):
        paper.build({**RATIO, "variant": "published", "eval_split": "val"})


def call(*words: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), pytest.raises(SystemExit):
        main(list(words))
    return out.getvalue()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Hoyer-Square and L1 at demo scale, as typed."""
    folder = tmp_path_factory.mktemp("corrected")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("REPRO_DATA", "REPRO_RUNS", "REPRO_RESULTS"):
            patch.delenv(name, raising=False)
        patch.setenv("REPRO_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        for options, _ in (HS, L1):
            common = ("--variant", "corrected", "--pretrained", "--scale", "demo", "--no-mlflow", "--device", "cpu")
            call("run", "hoyer", *options, *common, "--runs-dir", str(folder / "runs"))
        yield folder / "runs"


def by_hand(record: Record) -> tuple[int, float]:
    """Epoch of finetuning and test accuracy, from the last two of 22 epochs."""
    held, tested = (record.outcome.curve[c][20:] for c in ("val_correct", "test_correct"))
    assert len(held) == 2
    epoch = 1 if held[1] > held[0] else 0
    return epoch + 1, 100 * tested[epoch] / 360


def test_a_run_from_end_to_end_answers_the_claim_with_the_chosen_epoch(runs: Path) -> None:
    records, problems = read(runs)
    assert problems == []
    by_id = {r.identity: r for r in records}
    hs, l1 = (by_id[paper.at_scale(id, "demo", 42).identity] for _, id in (HS, L1))
    for record in (hs, l1):
        epoch, accuracy = by_hand(record)
        assert record.metric("epoch_best_on_val") == epoch
        assert record.metric("top1_accuracy_best_on_val") == pytest.approx(accuracy)
        assert 0 < max(record.outcome.curve["val_correct"]) <= 120
        assert 0 <= record.outcome.extra["prune"]["val_correct"] <= 120
        assert record.outcome.train_total == 1_437 - 120
    said = json.loads(
        call("verify", "hoyer", "-t", "mnist-corrected", "--scale", "demo", "--from", str(runs), "--json")
    )
    claims = {c["claim"]: c for c in _claims(said)}
    found = claims["corrected-lenet-300-100-l1-accuracy"]
    assert found["mean"] == pytest.approx(by_hand(hs)[1] - by_hand(l1)[1])
    assert set(found["identities"]) == {hs.identity, l1.identity}


def test_the_two_runs_trained_one_dense_network(runs: Path) -> None:
    assert len([p for p in (runs / "beginnings" / "whole").iterdir() if p.is_dir()]) == 1


def _claims(said: Any) -> Iterator[dict[str, Any]]:
    if isinstance(said, dict):
        if "claim" in said:
            yield said
        said = list(said.values())
    if isinstance(said, list):
        for part in said:
            yield from _claims(part)
