"""Transforms against torchvision's, with fixed draws exactly and with random draws in distribution."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from scipy.stats import binomtest, chisquare
from torchvision.transforms.v2 import functional as tv

from shared.data.augment import Drawn, apply, draw
from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.protocol import Augment

REFLECTED = Augment(kind="pad-crop", padding=4, padding_mode="reflect")
CIFAR = (Augment(kind="pad-crop", padding=4), Augment(kind="flip", probability=0.5))


def images(n: int, c: int = 3, h: int = 12, w: int = 12) -> torch.Tensor:
    return torch.randint(1, 256, (n, c, h, w), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def by_torchvision(image: torch.Tensor, drawn: tuple[Drawn, ...], sample: int) -> torch.Tensor:
    h, w = image.shape[-2:]
    for d in drawn:
        if d.rows is not None and d.columns is not None:
            padded = tv.pad(image, [d.padding], fill=0, padding_mode="reflect" if d.reflect else "constant")
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
        (REFLECTED, CIFAR[1]),
        (REFLECTED, CIFAR[1], CIFAR[0], REFLECTED),
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


@pytest.mark.parametrize("padding", [1, 4, 8])
def test_every_reflected_crop_is_cut_from_the_frameworks_reflected_image(padding):
    """All offsets, the farthest border that an image of 9 rows has included."""
    offsets = torch.cartesian_prod(torch.arange(2 * padding + 1), torch.arange(2 * padding + 1))
    x = images(1, h=9, w=14)
    border = F.pad(x.float(), (padding,) * 4, mode="reflect")[0].to(torch.uint8)
    drawn = (Drawn("pad-crop", padding, offsets[:, 0], offsets[:, 1], reflect=True),)
    got = apply(x.expand(len(offsets), -1, -1, -1), drawn, torch.arange(len(offsets)))
    for picture, (row, column) in zip(got, offsets.tolist(), strict=True):
        assert torch.equal(picture, border[:, row : row + 9, column : column + 14])


def test_the_border_changes_no_draw():
    zeros, mirrored = (draw((a,), 50, KeyedDraws(0), epoch=1)[0] for a in (CIFAR[0], REFLECTED))
    assert torch.equal(zeros.rows, mirrored.rows)
    assert torch.equal(zeros.columns, mirrored.columns)
    x = images(50)
    got = [apply(x, (d,), torch.arange(50)) for d in (zeros, mirrored)]
    assert (got[0] == 0).any()  # no stored pixel is
    assert not (got[1] == 0).any()


def test_a_border_as_wide_as_the_image_cannot_be_reflected():
    drawn = draw((Augment(kind="pad-crop", padding=9, padding_mode="reflect"),), 2, KeyedDraws(0), epoch=1)
    with pytest.raises(ReproError, match="9 pixels"):
        apply(images(2, h=9), drawn, torch.arange(2))


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
