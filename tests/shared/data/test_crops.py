"""The random box is torchvision's, for the same uniform numbers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import RandomResizedCrop, transforms

from shared.data.crops import NUMBERS, TRIES, random_box

NUMBER = st.floats(0, 1, exclude_max=True, width=32)
SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)


class Replayed:
    """Torch as ``get_params`` uses it, with stated numbers and in double precision."""

    def __init__(self, u: list[float]) -> None:
        self.tries = iter([n for pair in zip(u[:TRIES], u[TRIES : 2 * TRIES], strict=True) for n in pair])
        self.places = iter(u[2 * TRIES :])
        self.log, self.exp = torch.log, lambda value: torch.as_tensor(value).exp()

    def tensor(self, values):
        return torch.tensor(values, dtype=torch.float64)

    def empty(self, n):
        u = next(self.tries)
        return SimpleNamespace(uniform_=lambda low, high: torch.as_tensor(low + u * (high - low), dtype=torch.float64))

    def randint(self, low, high, size):
        return torch.tensor(low + int(next(self.places) * (high - low)))


def theirs(width: int, height: int, u: list[float], scale, ratio) -> tuple[int, int, int, int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transforms, "torch", Replayed(u))
        return RandomResizedCrop.get_params(Image.new("L", (width, height)), list(scale), list(ratio))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.lists(NUMBER, min_size=NUMBERS, max_size=NUMBERS),
    st.sampled_from([(SCALE, RATIO), ((0.2, 1.0), RATIO), ((0.9, 1.0), (0.5, 0.6))]),
)
def test_the_box_is_torchvisions(width, height, u, how):
    box = random_box(width, height, u, *how)
    assert box == theirs(width, height, u, *how)
    top, left, h, w = box
    assert 0 <= top <= height - h
    assert 0 <= left <= width - w


@pytest.mark.parametrize(
    ("width", "height", "box"), [(300, 30, (0, 130, 30, 40)), (30, 300, (130, 0, 40, 30)), (64, 64, (0, 0, 64, 64))]
)
def test_where_no_try_fits_the_largest_centre_is_taken(width, height, box):
    u = [1 - 2**-30] * TRIES + [0.0, 1 - 2**-30] * (TRIES // 2) + [0.9, 0.9]  # all the area, at an extreme ratio
    assert random_box(width, height, u, SCALE, RATIO) == box == theirs(width, height, u, SCALE, RATIO)


def test_an_early_try_that_does_not_fit_is_passed_over():
    u = [0.999] * 9 + [0.0] + [0.0] * 9 + [0.5] + [0.0, 0.999]
    assert random_box(100, 100, u, SCALE, RATIO) == (0, 72, 28, 28)
