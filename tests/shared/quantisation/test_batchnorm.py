import pytest
import torch
from torch import nn

from shared.errors import ReproError
from shared.quantisation.batchnorm import ChannelAffine, as_affine, replace_batchnorm


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm2d(5, eps=1e-3), (3, 5, 4, 2)),
        (nn.BatchNorm2d(5, affine=False), (3, 5, 4, 2)),
        (nn.BatchNorm1d(5), (3, 5)),
    ],
)
def test_the_affine_map_is_the_layer_in_evaluation_mode(norm, shape, settled, generator):
    settled(norm)
    x = torch.randn(shape, generator=generator)
    torch.testing.assert_close(as_affine(norm)(x), norm(x))


def test_every_layer_is_replaced_wherever_it_is_nested(settled):
    network = settled(nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(nn.Sequential(nn.BatchNorm1d(3)))))
    kinds = [type(m) for m in replace_batchnorm(network).modules()]
    assert kinds.count(ChannelAffine) == 2
    assert nn.BatchNorm1d not in kinds


def test_a_layer_without_running_statistics_is_refused():
    with pytest.raises(ReproError, match="without running statistics"):
        as_affine(nn.BatchNorm2d(3, track_running_stats=False))
