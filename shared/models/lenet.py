"""LeNet-300-100 and the LeNet-5 of 1998, both fed 32x32 images where published (flipout sheet, section 2)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from torch import Generator, nn

from shared.errors import ReproError
from shared.models.initialise import framework_default, initialised
from shared.models.sizing import needs_side, scaled
from shared.protocol import Model


def lenet300(
    model: Model,
    generator: Generator | None = None,
    *,
    batchnorm: bool = False,
    gamma: Literal["one", "uniform"] = "one",
    bias: Literal["default", "zero"] = "default",
) -> nn.Module:
    """Linear layers pixels-300-100-classes with ReLU between, for images of any size.

    Args:
        model: width, classes, channels and size.
        generator: source of the initial weights.
        batchnorm: normalise the output of every linear layer, the logits too, and leave biases out (dsr sheet, 2.1).
        gamma: first value of the norms' weights: 1, or U(0, 1) as in PyTorch before 1.2 (dsr sheet, trap 14).
        bias: first value of biases: uniform as the framework has it, or 0.
    """
    pixels = model.channels * model.size**2
    first, second = scaled(300, model.width), scaled(100, model.width)
    if batchnorm:
        return normalised_lenet300((pixels, first, second, model.classes), generator, gamma)
    if gamma != "one":
        raise ReproError("gamma belongs to batch normalisation; set batchnorm=true with it, or leave it out.")
    return initialised(
        lambda: nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),
                fc1=nn.Linear(pixels, first),
                relu1=nn.ReLU(),
                fc2=nn.Linear(first, second),
                relu2=nn.ReLU(),
                fc3=nn.Linear(second, model.classes),
            )
        ),
        generator,
        zero_bias if bias == "zero" else framework_default,
    )


def normalised_lenet300(
    sizes: tuple[int, int, int, int], generator: Generator | None, gamma: Literal["one", "uniform"]
) -> nn.Module:
    """The same chain without biases and with batch normalisation after every linear layer."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())

    def make() -> nn.Module:
        for i in (1, 2, 3):
            layers[f"fc{i}"] = nn.Linear(sizes[i - 1], sizes[i], bias=False)
            layers[f"bn{i}"] = nn.BatchNorm1d(sizes[i])
            if i < 3:
                layers[f"relu{i}"] = nn.ReLU()
        return nn.Sequential(layers)

    return initialised(make, generator, uniform_gamma if gamma == "uniform" else framework_default)


def uniform_gamma(module: nn.Module, generator: Generator) -> None:
    """Norm weights U(0, 1), the framework's default before PyTorch 1.2; the rest as it is today."""
    framework_default(module, generator)
    if isinstance(module, nn.BatchNorm1d):
        module.weight.uniform_(0, 1, generator=generator)


def zero_bias(module: nn.Module, generator: Generator) -> None:
    """Biases 0, weights as the framework has them."""
    framework_default(module, generator)
    if isinstance(module, nn.Linear):
        module.bias.zero_()


def lenet5(model: Model, generator: Generator | None = None) -> nn.Module:
    """Three 5x5 convolutions (6, 16, 120 channels; a 2x2 max-pool after the first two), then linear 84 and classes."""
    needs_side(model, 32)
    c1, c2, c3, hidden = (scaled(c, model.width) for c in (6, 16, 120, 84))
    side = ((model.size - 4) // 2 - 4) // 2 - 4  # 1 at 32x32
    return initialised(
        lambda: nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(model.channels, c1, 5),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(c1, c2, 5),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                conv3=nn.Conv2d(c2, c3, 5),
                relu3=nn.ReLU(),
                flatten=nn.Flatten(),
                fc1=nn.Linear(c3 * side**2, hidden),
                relu4=nn.ReLU(),
                fc2=nn.Linear(hidden, model.classes),
            )
        ),
        generator,
    )


def lenet5_caffe(model: Model, generator: Generator | None = None) -> nn.Module:
    """The LeNet-5 of Caffe: 5x5 convolutions of 20 and 50 channels, each with a 2x2 max-pool, linear 500 and classes.

    For images of at least 28x28 (hoyer sheet 2.1).
    """
    needs_side(model, 28)
    c1, c2, hidden = (scaled(c, model.width) for c in (20, 50, 500))
    side = ((model.size - 4) // 2 - 4) // 2  # 4 at 28x28
    return initialised(
        lambda: nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(model.channels, c1, 5),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(c1, c2, 5),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                flatten=nn.Flatten(),
                fc1=nn.Linear(c2 * side**2, hidden),
                relu3=nn.ReLU(),
                fc2=nn.Linear(hidden, model.classes),
            )
        ),
        generator,
    )
