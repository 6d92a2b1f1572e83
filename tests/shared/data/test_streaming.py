"""Streaming gives the batches that the decoded arrays give."""

from __future__ import annotations

import pytest
import torch

from shared.data import folders
from shared.data.batch import Part
from shared.data.folders import listings, locate
from shared.data.loader import EpochLoader
from shared.data.scoring import ScoringSample
from shared.data.sources import load
from shared.data.streamed import to_stream
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


@pytest.mark.parametrize("workers", [0, 2])
def test_processes_divide_batches_and_evaluation(parts, workers):
    splits, (train, test) = parts
    memory = EpochLoader(splits.train, DATA, KeyedDraws(4), 4, train=True)
    seen = []
    for rank in range(3):
        part = Part(rank, 3)
        mine = list(FolderLoader(train, DATA, KeyedDraws(4), 4, train=True, workers=workers).epoch(1, part))
        assert_equal(memory.epoch(1, part), mine)
        assert [(b.first, b.whole) for b in mine] == [(b.first, b.whole) for b in memory.epoch(1, part)]
        evaluated = list(FolderLoader(test, DATA, KeyedDraws(4), 3, train=False).eval_batches(2, part))
        assert_equal(EpochLoader(splits.test, DATA, KeyedDraws(4), 3, train=False).eval_batches(2, part), evaluated)
        seen.append([mine, evaluated])
    for which, whole in enumerate((splits.train, splits.test)):
        labels = torch.cat([b.labels for rank in seen for b in rank[which]])
        assert torch.equal(labels.bincount(), whole.labels.bincount())


def test_one_batch_and_some_examples_can_be_had_decoded(parts):
    splits, (train, _) = parts
    memory = EpochLoader(splits.train, DATA, KeyedDraws(4), 4, train=True)
    stream = FolderLoader(train, DATA, KeyedDraws(4), 4, train=True)
    assert_equal([memory.batch(1, 2)], [stream.batch(1, 2)])
    assert tuple(stream.examples.images.shape[1:]) == (3, 16, 16)
    sample = [ScoringSample(loader, per_class=3, batch_size=4).batches(1) for loader in (memory, stream)]
    assert_equal(*sample)


def test_only_whole_class_folders_beyond_the_memory_limit_are_streamed(parts, tmp_path, monkeypatch):
    assert to_stream(DATA, tmp_path) is None
    monkeypatch.setattr(folders, "MEMORY_LIMIT", 3 * 16 * 16 * 14 - 1)  # one byte less than both splits take
    found = to_stream(DATA, tmp_path)
    assert found is not None
    assert [len(found.train.files), len(found.evaluation.files)] == [10, 4]
    assert to_stream(DATA, tmp_path, checked=True) is None
    assert to_stream(DATA.model_copy(update={"per_class": 2}), tmp_path) is None
    monkeypatch.setattr(folders, "MEMORY_LIMIT", 3 * 16 * 16 * 14)
    assert to_stream(DATA, tmp_path) is None


def test_a_stream_needs_the_size_of_its_images(parts):
    _, (train, _) = parts
    with pytest.raises(ReproError, match=r"set data\.resize"):
        FolderLoader(train, DATA.model_copy(update={"resize": None}), KeyedDraws(0), 4, train=True)
