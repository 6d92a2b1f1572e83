"""A run whose pictures are cropped reads them while training, whatever its size, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from shared.data.streaming import FolderLoader
from shared.errors import ReproError
from shared.protocol import Augment, Data, Method, Model, Phase, Protocol, Prune, Train
from shared.training.setup import prepare_run

CPU = torch.device("cpu")
CROPPED = Data(
    name="imagefolder",
    resize=28,
    shorter_side=32,
    augment=(Augment(kind="resized-crop"), Augment(kind="flip")),
    val_size=2,
    evaluate_on="val",
)
SCORED = Prune(method=Method(name="snip"), checks=(Method(name="half-dataset"),))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for split, n in (("train", 5), ("val", 3)):
        for c in range(2):
            folder = tmp_path / "imagefolder" / split / f"c{c}"
            folder.mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    return tmp_path


def protocol(data: Data, *phases: Phase) -> Protocol:
    model = Model(name="lenet300", classes=2, channels=3, size=28)
    return Protocol(paper="toy", model=model, data=data, phases=(*phases, Train(epochs=1, batch_size=4)), seed=3)


def test_small_folders_too_are_cropped_while_training_in_part_and_held_out(pictures: Path) -> None:
    setup = prepare_run(protocol(CROPPED, SCORED), pictures, CPU)
    assert isinstance(setup.train, FolderLoader)
    assert (setup.train_size, len(setup.test.examples)) == (8, 2)
    assert {tuple(b.images.shape[1:]) for b in (*setup.train.epoch(1), *setup.test.eval_batches())} == {(3, 28, 28)}
    notes = setup.data["notes"]
    assert isinstance(notes, list)
    assert "The pictures were read while training, not fingerprinted." in notes


def test_checks_of_the_data_act_on_what_is_cropped(pictures: Path) -> None:
    spoilt = CROPPED.model_copy(update={"checks": (Method(name="random-labels"),)})
    plain, other = (prepare_run(protocol(d), pictures, CPU).train.examples.labels for d in (CROPPED, spoilt))
    assert not torch.equal(plain, other)
    moved = CROPPED.model_copy(update={"checks": (Method(name="random-pixels"),)})
    with pytest.raises(ReproError, match="cropped from its file"):
        prepare_run(protocol(moved), pictures, CPU)


def test_small_folders_that_are_not_cropped_are_decoded_once(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRO_CACHE", str(pictures / "cache"))
    plain = Data(name="imagefolder", resize=28, augment=(Augment(kind="flip"),))
    assert not isinstance(prepare_run(protocol(plain), pictures, CPU).train, FolderLoader)


def test_held_out_images_by_which_an_epoch_is_chosen_are_neither_trained_on_nor_tested() -> None:
    """The digits of each seed: training, held-out and test images are three sets, of which the second is evaluated."""
    plain = Data(name="digits", resize=28, val_size=100, val_rule="stratified")
    model = Model(name="lenet300", channels=1, size=28)
    plan = Protocol(paper="toy", model=model, data=plain, phases=(Train(epochs=1),), seed=3)
    assert prepare_run(plan, None, CPU).selection is None
    chosen = plan.with_(data=plain.model_copy(update={"select_on": "val"}))
    setup = prepare_run(chosen, None, CPU)
    assert setup.selection is not None
    parts = [loader.examples.images for loader in (setup.train, setup.selection, setup.test)]
    assert [len(p) for p in parts] == [1337, 100, 360]
    held = next(iter(setup.selection.eval_batches()))
    assert torch.equal(held.labels.bincount(), torch.full((10,), 10))
    val_only = prepare_run(plan.with_(data=plain.model_copy(update={"evaluate_on": "val"})), None, CPU)
    assert torch.equal(val_only.test.examples.images, parts[1])
    assert torch.equal(val_only.train.examples.images, parts[0])
