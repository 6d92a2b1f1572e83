"""Streaming gives the batches that the decoded arrays give."""

from __future__ import annotations

import pytest
import torch

from shared.data.folders import listings, locate
from shared.data.loader import EpochLoader
from shared.data.sources import load
from shared.data.streaming import FolderLoader
from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.protocol import Augment, Data

DATA = Data(
    name="imagenet",
    resize=16,
    mean=(0.4, 0.5, 0.6),
    std=(0.2, 0.3, 0.4),
    augment=(Augment(kind="pad-crop", padding=2), Augment(kind="flip")),
)


@pytest.fixture
def parts(tmp_path, picture_folder):
    picture_folder(tmp_path / "imagenet", per_class=5)
    place = locate(tmp_path, "imagenet")
    assert place is not None
    return load(DATA, tmp_path), listings(*place)


def assert_equal(a, b) -> None:
    a, b = list(a), list(b)
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        assert torch.equal(x.images, y.images)
        assert torch.equal(x.labels, y.labels)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_equal_those_of_the_decoded_arrays(parts, workers):
    splits, (train, test) = parts
    memory = EpochLoader(splits.train, DATA, KeyedDraws(4), 4, train=True)
    stream = FolderLoader(train, DATA, KeyedDraws(4), 4, train=True, workers=workers)
    assert len(stream) == len(memory) == 3
    assert_equal(memory.epoch(2), stream.epoch(2))
    evaluated = FolderLoader(test, DATA, KeyedDraws(4), 3, train=False, workers=workers)
    assert_equal(EpochLoader(splits.test, DATA, KeyedDraws(4), 3, train=False).eval_batches(), evaluated.eval_batches())
    assert_equal(evaluated.epoch(1), evaluated.eval_batches())


def test_an_epoch_can_start_in_the_middle_and_draws_nothing_global(parts):
    _, (train, _) = parts
    stream = FolderLoader(train, DATA, KeyedDraws(4), 4, train=True)
    before = torch.get_rng_state()
    assert_equal(list(stream.epoch(1))[1:], stream.epoch(1, start=1))
    assert torch.equal(before, torch.get_rng_state())


def test_options_without_effect_on_a_stream_are_refused(parts):
    _, (train, _) = parts
    for change, why in [({"resize": None}, r"set data\.resize"), ({"per_class": 2}, "used whole")]:
        with pytest.raises(ReproError, match=why):
            FolderLoader(train, DATA.model_copy(update=change), KeyedDraws(0), 4, train=True)
