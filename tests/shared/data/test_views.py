"""What one sample looks like in one epoch, against torchvision's transforms on the same picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms as T
from torchvision.transforms import functional as F

from shared.data.crops import NUMBERS, random_box
from shared.data.pictures import decode_one
from shared.data.views import View, jittered
from shared.draws import KeyedDraws
from shared.protocol import Augment

CROP = Augment(kind="resized-crop")


@pytest.fixture
def picture(rng) -> Image.Image:
    """A picture that is neither square nor flat, 90 wide and 61 high."""
    coarse = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((90, 61), Image.Resampling.BICUBIC)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "png")
    return out.getvalue()


def array(image: Image.Image) -> np.ndarray:
    return np.asarray(image).transpose(2, 0, 1)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("shorter_side", "size"), [(37, 32), (73, 64), (64, 64)])
def test_evaluation_is_torchvisions_resize_and_centre_crop(picture, turned, shorter_side, size):
    seen = picture.transpose(Image.Transpose.ROTATE_90) if turned else picture
    want = T.Compose([T.Resize(shorter_side), T.CenterCrop(size)])(seen)
    assert np.array_equal(decode_one(png(seen), size, shorter_side), array(want))
    assert np.array_equal(View(size, shorter_side, (), KeyedDraws(0), 1)(png(seen), 0), array(want))
    assert not np.array_equal(decode_one(png(seen), size), array(want))


def test_a_training_crop_is_torchvisions_resampling_of_the_drawn_box(picture):
    draws = KeyedDraws(3)
    got = View(32, 37, (CROP, Augment(kind="flip")), draws, 5)(png(picture), 8)
    u = draws.uniform(NUMBERS, "augment-resized-crop", epoch=5, step=0, index=8).tolist()
    box = random_box(90, 61, u, CROP.scale, CROP.ratio)
    assert np.array_equal(got, array(F.resized_crop(picture, *box, [32, 32])))


def test_pixels_are_a_function_of_seed_epoch_and_sample_alone(picture):
    def look(seed: int, epoch: int, sample: int) -> bytes:
        return View(16, None, (CROP,), KeyedDraws(seed), epoch)(png(picture), sample).tobytes()

    keys = [(0, 1, 2), (1, 1, 2), (0, 2, 2), (0, 1, 3), (0, -1, 2)]
    seen = {key: look(*key) for key in keys}
    assert len(set(seen.values())) == len(keys)
    assert all(look(*key) == seen[key] for key in reversed(keys))


def test_boxes_have_the_distribution_of_torchvision(picture):
    n, draws = 3000, KeyedDraws(1)
    ours, theirs = [], []
    torch.manual_seed(0)
    for i in range(n):
        u = draws.uniform(NUMBERS, "augment-resized-crop", epoch=1, index=i).tolist()
        ours.append(random_box(90, 61, u, CROP.scale, CROP.ratio))
        theirs.append(T.RandomResizedCrop.get_params(picture, list(CROP.scale), list(CROP.ratio)))
    a, b = np.array(ours, float), np.array(theirs, float)
    error = np.sqrt((a.var(0) + b.var(0)) / n)
    assert (np.abs(a.mean(0) - b.mean(0)) < 4 * error).all()
    assert np.allclose(a.std(0), b.std(0), rtol=0.08)


def test_grey_and_changed_colours_follow_the_crop(picture):
    steps = (CROP, Augment(kind="grayscale", probability=1.0), Augment(kind="colour-jitter", strength=0.4))
    draws = KeyedDraws(2)
    cut = Image.fromarray(View(24, None, steps[:1], draws, 1)(png(picture), 4).transpose(1, 2, 0))
    grey = F.rgb_to_grayscale(cut, num_output_channels=3)
    assert np.array_equal(View(24, None, steps[:2], draws, 1)(png(picture), 4), array(grey))
    u = draws.uniform(4, "augment-colour", epoch=1, step=2, index=4).tolist()
    order = draws.permutation(4, "augment-colour-order", epoch=1, step=2, index=4).tolist()
    want = array(jittered(grey, u, order, 0.4))
    assert np.array_equal(View(24, None, steps, draws, 1)(png(picture), 4), want)
    never = View(24, None, (CROP, Augment(kind="grayscale", probability=0.0)), draws, 1)(png(picture), 4)
    assert np.array_equal(never, array(cut))


def test_the_jitter_is_torchvisions_for_the_same_numbers(picture, monkeypatch):
    u, order, strength = [0.1, 0.8, 0.3, 0.9], [2, 0, 3, 1], 0.4
    turns = [strength * (2 * v - 1) for v in u]
    drawn = (torch.tensor(order), *(1 + t for t in turns[:3]), turns[3])
    monkeypatch.setattr(T.ColorJitter, "get_params", staticmethod(lambda *ranges: drawn))
    jitter = T.ColorJitter(strength, strength, strength, strength)
    assert jitter.brightness == jitter.contrast == jitter.saturation == (1 - strength, 1 + strength)
    assert jitter.hue == (-strength, strength)
    assert np.array_equal(array(jittered(picture, u, order, strength)), array(jitter(picture)))
