"""The loader's promises: torchvision's numbers, and independence of everything but (seed, epoch, sample)."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from shared.data.augment import apply
from shared.data.imageset import ImageSet, TensorSet
from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.protocol import Augment, Data

CIFAR = Data(
    name="cifar10",
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
    augment=(Augment(kind="pad-crop", padding=4), Augment(kind="flip")),
)
N = 50


@pytest.fixture(scope="module")
def examples() -> ImageSet:
    g = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (N, 3, 8, 8), dtype=torch.uint8, generator=g)
    return ImageSet(pixels, torch.arange(N) % 7, classes=7, name="toy/train")


def loader(examples, batch_size=16, data=CIFAR, seed=0, train=True, **kwargs) -> EpochLoader:
    return EpochLoader(examples, data, KeyedDraws(seed), batch_size, train=train, **kwargs)


def whole_epoch(made: EpochLoader, e: int) -> tuple[torch.Tensor, torch.Tensor]:
    batches = list(made.epoch(e))
    return torch.cat([b.images for b in batches]), torch.cat([b.labels for b in batches])


def test_batches_equal_torchvisions_pipeline_bit_for_bit(examples):
    made = loader(examples)
    order, drawn = made.plan(3)
    images, labels = whole_epoch(made, 3)
    for i, s in enumerate(order.tolist()):
        raw = apply(examples.images[s : s + 1], drawn, torch.tensor([s]))[0]  # compared in test_augment
        want = tv.normalize(tv.to_dtype(raw, torch.float32, scale=True), list(CIFAR.mean), list(CIFAR.std))
        assert torch.equal(images[i], want)
        assert labels[i] == examples.labels[s]


def test_an_epoch_shows_each_sample_once_and_reshuffles(examples):
    made = loader(examples)
    first, second = made.plan(1)[0], made.plan(2)[0]
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(N))
    assert not torch.equal(first, second)
    assert not torch.equal(first, torch.arange(N))


def test_the_last_partial_batch_is_kept(examples):
    made = loader(examples)
    assert len(made) == 4
    assert [len(b.labels) for b in made.epoch(1)] == [16, 16, 16, 2]


@pytest.mark.parametrize(("batch_size", "chunk"), [(1, 1), (7, 3), (16, 2), (50, 1), (64, 5)])
def test_samples_do_not_depend_on_batch_size_or_chunk(examples, batch_size, chunk):
    want = whole_epoch(loader(examples, batch_size=16, chunk=1), 5)
    got = whole_epoch(loader(examples, batch_size=batch_size, chunk=chunk), 5)
    assert torch.equal(got[0], want[0])
    assert torch.equal(got[1], want[1])


def test_a_new_process_resumes_at_any_epoch_and_batch(examples):
    made = loader(examples, chunk=2)
    seen = {(e, i): b for e in (1, 2, 3) for i, b in enumerate(made.epoch(e))}
    for e, i in [(3, 3), (2, 0), (1, 2), (3, 1)]:
        fresh = loader(examples, chunk=3).batch(e, i)
        assert torch.equal(fresh.images, seen[e, i].images)
        assert torch.equal(fresh.labels, seen[e, i].labels)


def test_earlier_batches_stay_valid_while_later_ones_are_made(examples):
    made = loader(examples, batch_size=4, chunk=2)
    kept = [(b, b.images.clone()) for b in made.epoch(1)]
    assert all(torch.equal(b.images, copy) for b, copy in kept)


def test_the_seed_changes_order_and_augmentation(examples):
    a, b = loader(examples, seed=0), loader(examples, seed=1)
    assert not torch.equal(a.plan(1)[0], b.plan(1)[0])
    assert not torch.equal(a.plan(1)[1][0].rows, b.plan(1)[1][0].rows)


def test_fill_writes_the_batch_and_says_how_many_rows(examples):
    made = loader(examples)
    images, labels = torch.full((16, 3, 8, 8), 9.0), torch.full((16,), -1)
    assert made.fill(images, labels, 1, 0) == 16
    assert torch.equal(images, made.batch(1, 0).images)
    assert torch.equal(labels, made.batch(1, 0).labels)
    before = images.clone()
    assert made.fill(images, labels, 1, 3) == 2
    assert torch.equal(images[:2], made.batch(1, 3).images)
    assert torch.equal(images[2:], before[2:])


def test_evaluation_is_in_stored_order_without_augmentation(examples):
    want = tv.normalize(tv.to_dtype(examples.images, torch.float32, scale=True), list(CIFAR.mean), list(CIFAR.std))
    for made in (loader(examples), loader(examples, train=False)):
        batches = list(made.eval_batches(33))
        assert [len(b.labels) for b in batches] == [33, 17]
        assert torch.equal(torch.cat([b.images for b in batches]), want)
        assert torch.equal(torch.cat([b.labels for b in batches]), examples.labels)
    assert torch.equal(whole_epoch(loader(examples, train=False), 4)[0], want)


def test_a_padded_pixel_is_a_black_one_before_normalisation(examples):
    white = ImageSet(torch.full((1, 3, 4, 4), 255, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64), 2)
    made = loader(white, data=CIFAR.model_copy(update={"augment": CIFAR.augment[:1]}), dtype=torch.float64)
    black = [-2.4290657439446366, -2.418254764292879, -2.2213930348258706]  # flipout sheet, section 3
    lowest = torch.stack([made.batch(e, 0).images.amin((0, 2, 3)) for e in range(1, 9)]).amin(0)
    assert torch.allclose(lowest, torch.tensor(black, dtype=torch.float64), rtol=1e-12, atol=0)


def test_memory_format_and_dtype_change_layout_only(examples):
    plain, last = loader(examples), loader(examples, memory_format=torch.channels_last)
    for a, b in zip(plain.epoch(1), last.epoch(1), strict=True):
        assert b.images.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(a.images, b.images)
    assert loader(examples, dtype=torch.float64).batch(1, 0).images.dtype == torch.float64


def test_grey_statistics_serve_every_channel(examples):
    made = loader(examples, data=Data(name="toy", mean=(0.5,), std=(0.25,)))
    order = made.plan(1)[0]
    want = (examples.images[order[:16]].double() / 255 - 0.5) / 0.25
    assert torch.allclose(made.batch(1, 0).images.double(), want, atol=1e-6)


def test_vectors_pass_through_the_same_loader():
    x = torch.arange(30, dtype=torch.float64).reshape(10, 3)
    made = EpochLoader(
        TensorSet(x, torch.arange(10) % 3, 3),
        Data(name="toy"),
        KeyedDraws(0),
        4,
        dtype=torch.float64,
        train=True,
        shuffle=False,
    )
    batches = list(made.epoch(1))
    assert [b.images.shape for b in batches] == [(4, 3), (4, 3), (2, 3)]
    assert torch.equal(torch.cat([b.images for b in batches]), x)


def test_vectors_refuse_image_transforms():
    toy = TensorSet(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64), 2)
    with pytest.raises(ReproError, match="used as they are"):
        loader(toy, data=Data(name="toy", mean=(0.5,), std=(0.5,)))


def test_statistics_must_fit_the_channels(examples):
    with pytest.raises(ReproError, match="2 means and 2 standard deviations"):
        loader(examples, data=Data(name="toy", mean=(0.5, 0.5), std=(1, 1)))


def test_a_batch_beyond_the_epoch_is_an_error(examples):
    with pytest.raises(IndexError):
        loader(examples).batch(1, 4)
