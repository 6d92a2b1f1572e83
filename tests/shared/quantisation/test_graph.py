import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.errors import ReproError
from shared.protocol import Quantise
from shared.quantisation.quantise import quantise


class Function(nn.Module):
    """A network made of one function, to see one rule at work."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def images() -> Tensor:
    """``[4, 2, 4, 4]``, from -1 to 1, so that the input's step is 2/255."""
    return torch.linspace(-1, 1, 128).reshape(4, 2, 4, 4)


STEP = 2 / 255


def distance_to_grid(values: Tensor, step: float) -> float:
    """Largest distance to a multiple of the step, in steps."""
    steps = values / step
    return float((steps - steps.round()).abs().max())


@pytest.mark.parametrize(
    "average",
    [
        lambda x: F.avg_pool2d(x, 4).flatten(1),
        lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1),
        lambda x: x.mean((-2, -1)),
    ],
)
def test_averages_are_rounded_to_the_grid_of_their_input(average):
    x = images()
    result = quantise(Function(average), [x], Quantise())(x)
    assert distance_to_grid(average(x), STEP) > 0.1
    assert distance_to_grid(result, STEP) < 1e-3
    torch.testing.assert_close(result, average(x), rtol=0, atol=STEP)


def test_a_concatenation_takes_the_grid_of_its_first_input_and_clips_the_rest():
    x = images()
    result = quantise(Function(lambda x: torch.cat([x, x + x], 1)), [x], Quantise())(x)
    old, new = result[:, :2], result[:, 2:]
    torch.testing.assert_close(old, x, rtol=0, atol=0.51 * STEP)
    torch.testing.assert_close(new, (2 * x).clamp(-1, 1), rtol=0, atol=2 * STEP)
    assert distance_to_grid(new, STEP) < 1e-3


def test_a_sum_gets_a_grid_of_its_own():
    x = images()
    result = quantise(Function(lambda x: x + x), [x], Quantise())(x)
    torch.testing.assert_close(result, 2 * x, rtol=0, atol=2.1 * STEP)
    assert distance_to_grid(result, 2 * STEP) < 1e-2


@pytest.mark.parametrize("shape_only", [F.relu, lambda x: F.max_pool2d(x, 2), lambda x: x[:, 1:].flatten(1)])
def test_operations_that_keep_values_on_their_grid_add_no_rounding(shape_only):
    x = images()
    rounded = quantise(Function(lambda x: x.view(x.shape)), [x], Quantise())(x)
    torch.testing.assert_close(quantise(Function(shape_only), [x], Quantise())(x), shape_only(rounded), rtol=0, atol=0)


def test_in_place_operations_do_not_reach_other_users_of_a_value():
    x = images()

    def in_place(x: Tensor) -> Tensor:
        y = x + x
        return y.relu_() + y

    torch.testing.assert_close(
        quantise(Function(in_place), [x], Quantise())(x), 4 * x.clamp(min=0), rtol=0, atol=4 * STEP
    )


def test_an_operation_without_a_rule_is_refused_by_name():
    with pytest.raises(ReproError, match=r"aten.sigmoid.default.*no quantisation rule"):
        quantise(Function(torch.sigmoid), [images()], Quantise())
