"""Transforms against torchvision's, with fixed draws exactly and with random draws in distribution."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import binomtest, chisquare
from torchvision.transforms.v2 import functional as tv

from shared.data.augment import Drawn, apply, draw
from shared.draws import KeyedDraws
from shared.protocol import Augment

CIFAR = (Augment(kind="pad-crop", padding=4), Augment(kind="flip", probability=0.5))


def images(n: int, c: int = 3, h: int = 12, w: int = 12) -> torch.Tensor:
    return torch.randint(1, 256, (n, c, h, w), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def by_torchvision(image: torch.Tensor, drawn: tuple[Drawn, ...], sample: int) -> torch.Tensor:
    h, w = image.shape[-2:]
    for d in drawn:
        if d.rows is not None and d.columns is not None:
            padded = tv.pad(image, [d.padding], fill=0)
            image = tv.crop(padded, int(d.rows[sample]), int(d.columns[sample]), h, w)
        elif d.flipped is not None and d.flipped[sample]:
            image = tv.horizontal_flip(image)
    return image


@pytest.mark.parametrize(
    "augment",
    [
        CIFAR,
        CIFAR[::-1],
        (Augment(kind="flip", probability=0.8),),
        (Augment(kind="pad-crop", padding=9),),
        (CIFAR[0], CIFAR[1], Augment(kind="pad-crop", padding=5), CIFAR[1]),
    ],
)
@pytest.mark.parametrize("shape", [(3, 12, 12), (1, 9, 14)])
def test_any_composition_equals_torchvisions_image_by_image(augment, shape):
    x = images(40, *shape)
    drawn = draw(augment, 40, KeyedDraws(3), epoch=2)
    samples = torch.randperm(40)
    got = apply(x[samples], drawn, samples)
    for i, s in enumerate(samples.tolist()):
        assert torch.equal(got[i], by_torchvision(x[s], drawn, s))


def test_without_transforms_the_images_pass_unchanged():
    x = images(3)
    assert apply(x, (), torch.arange(3)) is x


def test_crop_offsets_are_uniform_and_independent():
    (crop, _) = draw(CIFAR, 50_000, KeyedDraws(0), epoch=1)
    cells = torch.bincount(crop.rows * 9 + crop.columns, minlength=81)
    assert len(cells) == 81
    assert chisquare(cells.numpy()).pvalue > 1e-4


@pytest.mark.parametrize("probability", [0.5, 0.2])
def test_flips_have_the_stated_rate(probability):
    (flip,) = draw((Augment(kind="flip", probability=probability),), 50_000, KeyedDraws(0), epoch=1)
    assert binomtest(int(flip.flipped.sum()), 50_000, probability).pvalue > 1e-4


def test_probability_zero_never_flips_and_one_always():
    never, always = draw(
        (Augment(kind="flip", probability=0), Augment(kind="flip", probability=1)), 500, KeyedDraws(0), epoch=1
    )
    assert not never.flipped.any()
    assert always.flipped.all()


def test_draws_differ_between_epochs_seeds_and_repeated_transforms():
    one = draw((*CIFAR, *CIFAR), 200, KeyedDraws(0), epoch=1)
    assert not torch.equal(one[0].rows, one[0].columns)
    assert not torch.equal(one[0].rows, one[2].rows)
    assert not torch.equal(one[1].flipped, one[3].flipped)
    assert not torch.equal(one[0].rows, draw(CIFAR, 200, KeyedDraws(0), epoch=2)[0].rows)
    assert not torch.equal(one[0].rows, draw(CIFAR, 200, KeyedDraws(1), epoch=1)[0].rows)
    assert torch.equal(one[0].rows, draw(CIFAR, 200, KeyedDraws(0), epoch=1)[0].rows)
