"""A protocol's choice of examples, resizing and channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.data import embedded
from shared.data.embedded import digits
from shared.data.prepare import balanced, hold_out, prepare
from shared.data.resize import resize
from shared.errors import ReproError
from shared.protocol import Data


def test_digits_are_the_same_where_the_package_keeps_its_file_elsewhere(splits, monkeypatch):
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    asked = digits()
    assert asked.fingerprints == splits.fingerprints
    assert torch.equal(asked.train.labels, splits.train.labels)


@pytest.fixture(scope="module")
def splits():
    return digits()


def test_digits_are_the_known_split(splits):
    assert (len(splits.train), len(splits.test)) == (1437, 360)
    assert torch.bincount(splits.test.labels).tolist() == [36] * 10
    assert splits.train.images.shape[1:] == (1, 8, 8)
    assert splits.train.images.min() == 0
    assert splits.train.images.max() == 255
    assert splits.fingerprints == {
        "train": "53d46cce5bf53ddf4e378ccc93c00cb5eab29f96efb5a0ca3fa6e19ba938462f",
        "test": "64deae05158a7602df61ab21e5ca8c14a3ba5066e55660a3688fc6c4b241568e",
    }


def test_per_class_keeps_the_first_of_each_class_in_file_order(splits):
    got = prepare(splits, Data(name="digits", per_class=20, test_per_class=5), 0)
    assert torch.bincount(got.train.labels).tolist() == [20] * 10
    assert torch.bincount(got.test.labels).tolist() == [5] * 10
    for c in range(10):
        want = splits.train.images[splits.train.labels == c][:20]
        assert torch.equal(got.train.images[got.train.labels == c], want)
    at = balanced(splits.train.labels, 20, 10)
    assert torch.equal(at, at.sort().values)
    assert torch.equal(got.train.labels, splits.train.labels[at])


def test_more_per_class_than_there_are_is_refused(splits):
    with pytest.raises(ReproError, match="only 36 images of class 0"):
        prepare(splits, Data(name="digits", test_per_class=37), 0)


def test_cifar_holds_out_the_last_and_imagenette_the_last_of_a_permutation():
    # flipout.golden.json, case data-facts
    train, val = hold_out(50_000, Data(name="cifar10", val_size=1000), seed=42)
    assert (int(val[0]), int(val[-1]), len(val)) == (49_000, 49_999, 1000)
    assert torch.equal(train, torch.arange(49_000))
    train, val = hold_out(9469, Data(name="imagenette", val_size=1000, val_rule="permuted"), seed=42)
    assert val[:8].tolist() == [3451, 6305, 1481, 4873, 8038, 3335, 6016, 4926]
    assert int(val.sum()) == 4_811_637
    assert sorted(train.tolist() + val.tolist()) == list(range(9469))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=80), st.floats(0, 1), st.integers(0, 5))
def test_a_stratified_split_takes_of_each_class_its_share(labels, part, seed):
    n, size = len(labels), max(1, int(part * (len(labels) - 1)))
    of, data = torch.tensor(labels), Data(name="d", val_size=size, val_rule="stratified")
    train, val = hold_out(n, data, seed, of)
    assert len(val) == size
    assert sorted(train.tolist() + val.tolist()) == list(range(n))
    for c in set(labels):
        assert abs(int((of[val] == c).sum()) - size * labels.count(c) / n) < 1
    again = hold_out(n, data, seed, of)
    assert torch.equal(again[0], train)
    assert torch.equal(again[1], val)


def test_a_stratified_split_is_drawn_by_the_seed(splits):
    data = Data(name="digits", val_size=143, val_rule="stratified", evaluate_on="val")
    first, second = (prepare(splits, data, seed) for seed in (1, 2))
    for got in (first, second):
        assert (torch.bincount(got.val.labels) - torch.bincount(splits.train.labels) / 1437 * 143).abs().max() < 1
        assert len(got.train) + len(got.val) == 1437
    assert not torch.equal(first.val.images, second.val.images)
    assert torch.equal(first.val.images, prepare(splits, data, 1).val.images)


def test_evaluation_follows_the_protocol(splits):
    data = Data(name="digits", val_size=100, evaluate_on="val")
    got = prepare(splits, data, 0)
    assert got.val is not None
    assert got.evaluation is got.val
    assert torch.equal(got.val.images, splits.train.images[-100:])
    assert torch.equal(got.train.images, splits.train.images[:-100])
    assert prepare(splits, Data(name="digits", val_size=100), 0).evaluation is not got.val
    assert prepare(splits, Data(name="digits"), 0).val is None


def test_nothing_left_to_train_on_is_refused(splits):
    with pytest.raises(ReproError, match="val_size is 1437"):
        prepare(splits, Data(name="digits", val_size=1437), 0)


def test_grey_images_are_repeated_and_colour_is_not_dropped(splits):
    got = prepare(splits, Data(name="digits", resize=16), 0, channels=3)
    assert got.train.images.shape == (1437, 3, 16, 16)
    assert torch.equal(got.train.images[:, 0], got.train.images[:, 2])
    colour = replace(splits, train=got.train, test=got.test)
    with pytest.raises(ReproError, match=r"set model\.channels=3"):
        prepare(colour, Data(name="digits"), 0, channels=1)


@pytest.mark.parametrize(("channels", "before", "after"), [(1, 28, 32), (1, 8, 32), (3, 20, 32), (3, 96, 64)])
def test_resizing_equals_pillows_to_the_bit(channels, before, after):
    x = torch.randint(0, 256, (5, channels, before, before), dtype=torch.uint8)
    got = resize(x, after)
    for image, out in zip(x, got, strict=True):
        pil = Image.fromarray(image.permute(1, 2, 0).numpy().squeeze()).resize(
            (after, after), Image.Resampling.BILINEAR
        )
        assert np.array_equal(np.asarray(pil), out.permute(1, 2, 0).numpy().squeeze())


def test_inexact_images_are_counted_in_what_is_evaluated(splits):
    marked = replace(splits, inexact=(0, 1, 359), status="accounted")
    assert marked.worst_case_points == pytest.approx(100 * 3 / 360)
    assert prepare(marked, Data(name="digits"), 0).inexact == 3
    few = prepare(marked, Data(name="digits", test_per_class=2), 0)
    assert few.inexact == 2
    assert few.worst_case_points == pytest.approx(100 * 2 / 20)
    assert prepare(marked, Data(name="digits", val_size=9, evaluate_on="val"), 0).worst_case_points == 0
