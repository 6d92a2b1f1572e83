"""The reader of the reference files can fail: it tells right from wrong."""

import math

import conventions as c
import pytest
import torch


def test_wave_multiplies_then_adds():
    assert c.wave([2, 2], 2.0, 1.0, 3.0).reshape(-1).tolist() == pytest.approx(
        [3 * math.sin(2 * i + 1) for i in range(4)]
    )


def test_formulas_of_indices_and_names():
    i = torch.arange(4)
    assert c.formula("(5*i + 1) % 2 == 0", i=i).tolist() == [False, True, False, True]
    assert c.formula("1/sqrt(fan_in), fan_in = elements", fan_in=4) == 0.5
    with pytest.raises(AssertionError):
        c.formula("__import__('os')")


def test_draws_depend_on_step_and_tensor():
    spec = {
        "sin": {
            "a": 1.0,
            "b": "(b0 + b_step*t) + b_tensor*l; t = step",
            "b0": 0.1,
            "b_step": 0.2,
            "b_tensor": 0.3,
            "scale": 2.0,
        }
    }
    draw = c.draws_source(spec)((1,), 0, 5, 7)
    assert draw.item() == pytest.approx(2 * math.sin(0.1 + 1.0 + 2.1))


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (1.001, 1.0),
        ([1.0], [1.0, 2.0]),
        (2, 1),
        ({"a": 1}, {"a": 1, "b": 2}),
        (0.0, None),
        ([0.0, 1.0], None),
        (True, False),
    ],
)
def test_close_refuses_what_differs(actual, expected):
    with pytest.raises(AssertionError):
        c.close(actual, expected, {"rtol": 1e-6, "atol": 0})


def test_close_accepts_tensors_nan_and_absent_gradients():
    c.close(torch.tensor([[1.0, 2.0]]), [1.0, 2.0], "exact")
    c.close(
        {"x": torch.zeros(2), "y": math.nan, "n": torch.tensor(3)},
        {"x": None, "y": None, "n": 3},
        {"rtol": 0, "atol": 0},
    )
