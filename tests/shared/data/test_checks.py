"""What each corruption of data keeps, and what it destroys."""

from __future__ import annotations

import pytest
import torch

from shared.data import corruptions
from shared.data.checks import corrupted
from shared.data.imageset import ImageSet, TensorSet
from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.protocol import Augment, Data, Method

N, CLASSES = 600, 10


@pytest.fixture(scope="module")
def loader() -> EpochLoader:
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (N, 3, 6, 5), generator=generator, dtype=torch.uint8)
    data = Data(name="x", mean=(0.5,), std=(0.2,), augment=(Augment(kind="pad-crop", padding=1),))
    return EpochLoader(ImageSet(images, torch.arange(N) % CLASSES, CLASSES), data, KeyedDraws(7), 64, train=True)


def check(name: str, **options: object) -> Method:
    return Method(name=name, options=options)


@pytest.mark.parametrize("mode", ["fixed", "drawn"])
def test_random_labels_keep_images_and_marginals_and_forget_the_truth(loader: EpochLoader, mode: str) -> None:
    new = corrupted(loader, (check("random-labels", mode=mode),)).examples
    old = loader.examples
    assert torch.equal(new.images, old.images)
    assert 0.05 < float((new.labels == old.labels).float().mean()) < 0.16  # by chance: a tenth
    counts = torch.bincount(new.labels, minlength=CLASSES)
    assert 30 < counts.min() <= counts.max() < 95
    again = corrupted(loader, (check("random-labels", mode=mode),)).examples
    assert torch.equal(new.labels, again.labels)


def test_fixed_labels_do_not_depend_on_the_seed_and_drawn_ones_do(loader: EpochLoader) -> None:
    other = EpochLoader(loader.examples, Data(name="x"), KeyedDraws(8), 64, train=True)
    for mode, same in (("fixed", True), ("drawn", False)):
        a, b = (corrupted(one, (check("random-labels", mode=mode),)).examples.labels for one in (loader, other))
        assert torch.equal(a, b) == same


def test_random_values_keep_each_images_multiset_and_mix_colours(loader: EpochLoader) -> None:
    new = corrupted(loader, (check("random-pixels"),)).examples
    old = loader.examples.images
    assert torch.equal(new.images.flatten(1).sort(1).values, old.flatten(1).sort(1).values)
    assert not torch.equal(new.images.flatten(2).sort(2).values, old.flatten(2).sort(2).values)
    assert torch.equal(new.labels, loader.examples.labels)
    assert new.images.dtype == torch.uint8  # augmentation and normalisation still follow


def test_random_rows_keep_every_row_intact_after_augmentation(loader: EpochLoader) -> None:
    new = corrupted(loader, (check("random-pixels", mode="rows"),))
    assert isinstance(new.examples, TensorSet)
    clean = corrupted(loader, (check("random-pixels", mode="rows-and-columns"),)).examples.images
    for i in (0, 17):
        rows = {tuple(r) for r in new.examples.images[i].reshape(18, 5).tolist()}
        assert torch.equal(new.examples.images[i].flatten().sort().values, clean[i].flatten().sort().values)
        planes = clean[i].flatten(1).sort(1).values
        assert len(rows) <= 18
        assert not torch.equal(planes, new.examples.images[i].flatten(1).sort(1).values)
    first, second = (next(iter(new.epoch(e))) for e in (1, 1))
    assert torch.equal(first.images, second.images)


def test_the_first_half_is_in_file_order_every_epoch_and_the_random_half_is_shuffled(loader: EpochLoader) -> None:
    first = corrupted(loader, (check("half-dataset"),))
    assert len(first.examples) == 4 * 64
    orders = [torch.cat([b.labels for b in first.epoch(e)]) for e in (1, 2)]
    assert torch.equal(orders[0], orders[1])
    assert torch.equal(orders[0], torch.arange(4 * 64) % CLASSES)
    random = corrupted(loader, (check("half-dataset", mode="random"),))
    assert len(random.examples) == N // 2
    orders = [torch.cat([b.labels for b in random.epoch(e)]) for e in (1, 2)]
    assert not torch.equal(orders[0], orders[1])


def test_390_batches_are_half_of_cifar() -> None:
    assert len(corruptions.first_half(50_000, 64)) == 24_960
    assert len(corruptions.random_half(torch.arange(50_000))) == 25_000


def test_checks_of_masks_pass_and_unknown_ones_are_refused(loader: EpochLoader) -> None:
    assert corrupted(loader, (check("layerwise-rearrange"),)) is loader
    with pytest.raises(ReproError, match="random-labels"):
        corrupted(loader, (check("random-lables"),))
    with pytest.raises(ReproError, match="refuses its options"):
        corrupted(loader, (check("random-labels", how="x"),))
