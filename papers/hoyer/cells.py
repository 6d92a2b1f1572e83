"""The runs on MNIST and Fashion-MNIST as data: what is trained, from where, and how it is pruned (sheet 4.6, 5.2, 5.3).

Ids read ``network/training/pruning``: ``lenet-300-100/hoyer-square-0.0002/V0.03`` is trained from scratch with
Hoyer-Square and pruned at 0.03 standard deviations; ``pretrained-`` starts from the dense network, ``T0.001`` cuts at a
fixed threshold, ``S0.98`` removes 98 % of the weights whatever threshold that takes, ``trained`` is not pruned,
``none-decay1e-4`` is the structure script without a regulariser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from papers.hoyer.settings import (
    CNN,
    ELEMENT,
    EQUAL,
    FRONT,
    GROUP,
    GROUP_FRONT,
    MLP,
    NETWORK_TITLES,
    NONE,
    RERUN2,
    RERUN2_STRENGTHS,
    RERUN2_THRESHOLD,
    TITLES,
    Strength,
)


@dataclass(frozen=True)
class Cell:
    """One run, seed aside.

    Attributes:
        network: ``lenet-300-100`` or ``lenet-5``.
        reg: regulariser.
        strength: lambda as written; empty without a regulariser.
        end: ``T`` or ``V`` with its threshold, ``S`` with the sparsity to reach, or ``trained``.
        pretrained: whether training starts from the dense network.
        structure: whether the structure script trains (weights only, weight decay 1e-4).
        fashion: Fashion-MNIST in place of MNIST.
        epochs, lr: of the training, where they differ from the defaults.
        corrected: the ``corrected`` variant.
    """

    network: str
    reg: str
    strength: str
    end: str
    pretrained: bool = False
    structure: bool = False
    fashion: bool = False
    epochs: int = 250
    lr: str = "0.001"
    corrected: bool = False

    @property
    def id(self) -> str:
        """The experiment's id."""
        return f"{self.place}/{self.training}/{self.end}"

    @property
    def place(self) -> str:
        """Network and, where it is not MNIST, data set."""
        return f"fashion-{self.network}" if self.fashion else self.network

    @property
    def training(self) -> str:
        """The middle part of the id."""
        parts = ["corrected"] * self.corrected + ["pretrained"] * self.pretrained
        parts += [f"{self.reg}-{self.strength}" if self.strength else self.reg]
        parts += ["decay1e-4"] * (self.structure and self.reg == "none")
        parts += [f"epochs{self.epochs}"] * (self.epochs != 250) + [f"lr{self.lr}"] * (self.lr != "0.001")
        return "-".join(parts)

    @property
    def title(self) -> str:
        """For people: ``LeNet-5, Hoyer 0.01 from scratch, cut at 0.08 std``."""
        return f"{self.who}, {self._words(scientific(self.strength), self._target)}"

    @property
    def who(self) -> str:
        """Network and data for people."""
        return NETWORK_TITLES[self.network] + " on Fashion-MNIST" * self.fashion

    @property
    def series(self) -> str:
        """The title without network, strength and wanted sparsity: what a figure joins."""
        return self._words("", "")

    @property
    def _target(self) -> str:
        return f", {percent(self.end[1:])} % pruned" if self.end[0] == "S" else ""

    def _words(self, strength: str, target: str) -> str:
        what = f"{TITLES[self.reg]} {strength}".strip()
        what += " with weight decay" * (self.structure and self.reg == "none")
        what += f", {self.epochs} epochs" * (self.epochs != 250) + f", lr {self.lr}" * (self.lr != "0.001")
        if self.reg != "none" or self.pretrained:
            what += " from the dense network" if self.pretrained else " from scratch"
        threshold = self.end[1:]
        cuts = {"T": f", cut at {threshold}", "V": f", cut at {threshold} std", "S": target}
        return what + cuts.get(self.end[0], ", not pruned") + " (corrected)" * self.corrected


def scientific(strength: str) -> str:
    """``0.0002`` -> ``2e-4``: how strengths are written in titles, where figures join the strengths of a method."""
    if not strength:
        return ""
    mantissa, _, exponent = f"{float(strength):e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def percent(sparsity: str) -> str:
    """``0.98`` -> ``98``."""
    return f"{100 * float(sparsity):.4g}"


def cells() -> list[Cell]:
    """Every run of the MNIST and Fashion-MNIST tables."""
    return [*_rerun1(), *_paper(), *_front(), *_equal(), *_rerun2(), *_fashion()]


def _pruned(
    network: str,
    s: Strength,
    end: str,
    *,
    structure: bool = False,
    pretrained: bool = False,
    corrected: bool = False,
) -> Cell:
    return Cell(network, s.reg, s.strength, end, pretrained, structure, corrected=corrected)


def _rerun1() -> Iterator[Cell]:
    """The first rerun: from scratch, at a fixed threshold of 0.001 and at the paper's ratios (sheet 5.2)."""
    for network in (MLP, CNN):
        for structure, rows in ((False, ELEMENT[network]), (True, GROUP[network])):
            for s in (Strength("none", "", "0.25"), *rows):
                for end in ("T0.001", f"V{s.ratio}"):
                    yield _pruned(network, s, end, structure=structure)


def _paper() -> Iterator[Cell]:
    """The README's way: from the dense network, at the strengths and ratios attributed to the paper (E2, E3)."""
    for network in (MLP, CNN):
        for structure, rows in ((False, ELEMENT[network]), (True, GROUP[network])):
            for s in rows:
                yield _pruned(network, s, f"V{s.ratio}", structure=structure, pretrained=True)
                yield _pruned(network, s, f"V{s.ratio}", structure=structure, pretrained=True, corrected=True)


def _front() -> Iterator[Cell]:
    """All from the dense network that the other tables start from, which is trained once for each seed."""
    for structure, fronts in ((False, FRONT), (True, GROUP_FRONT)):
        for network, rows in fronts.items():
            for s in (*rows, *[NONE] * structure):  # the structure script's decay alone is the fair baseline (trap 11)
                yield _pruned(network, s, f"V{s.ratio}", structure=structure, pretrained=True)


def _equal() -> Iterator[Cell]:
    """Every element-wise training pruned to the same sparsities, so that accuracy alone tells methods apart."""
    for network, levels in EQUAL.items():
        for sparsity in levels:
            yield _pruned(network, NONE, f"S{sparsity}")
            for pretrained in (False, True):
                for s in ELEMENT[network]:
                    yield _pruned(network, s, f"S{sparsity}", pretrained=pretrained)


def _rerun2() -> Iterator[Cell]:
    """The second rerun: from the dense network, fixed threshold 0.005 (sheet 5.3); pruning runs at 5e-5 crashed."""
    for reg in RERUN2:
        for strength in RERUN2_STRENGTHS:
            yield Cell(MLP, reg, strength, f"T{RERUN2_THRESHOLD}", pretrained=True)
        yield Cell(MLP, reg, "5e-5", "trained", pretrained=True)


FASHION: dict[str, tuple[tuple[str, str, str], ...]] = {
    # regulariser, strength, how it ends: every training and pruning of the first rerun's notebooks
    MLP: (
        ("l1", "0.01 0.001 0.0001", "trained"),
        ("hoyer", "0.02", "V0.05 V0.04"),
        ("hoyer", "0.002", "V0.04 V0.03"),
        ("hoyer", "0.0002", "trained"),
        ("hoyer-square", "0.0001 0.0004 0.002 0.02", "trained"),
        ("hoyer-square", "0.0002", "V0.04 V0.03 V0.02"),
        ("transformed-l1", "2e-5", "trained"),
        ("group-lasso", "0.001", "V0.25 V0.02"),
        ("group-hoyer-square", "0.1 0.001", "trained"),
        ("group-hoyer-square", "0.01", "V0.02"),
        ("group-hoyer-square", "0.0001", "V0.8 V0.9 V1 V1.5 V1.6 V1.8 V2"),
    ),
    CNN: (
        ("l1", "0.001", "V0.03"),
        ("hoyer", "0.001", "V0.08 V0.01"),
        ("hoyer", "0.01", "V0.08 V0.07 V0.06 V0.05 V0.04 V0.03"),
        ("hoyer-square", "0.001", "V0.03 V0.04"),
        ("hoyer-square", "0.0001", "V0.03 V0.035 V0.04 V0.05"),
        ("transformed-l1", "0.001 2e-5", "trained"),
        ("group-lasso", "0.01 0.0001", "trained"),
        ("group-lasso", "0.001", "V0.25"),
        ("group-hoyer-square", "0.1 0.001", "V0.008"),
        ("group-hoyer-square", "0.01", "V0.02 V0.01 V0.009 V0.008"),
    ),
}


def _fashion() -> Iterator[Cell]:
    yield Cell(MLP, "none", "", "trained", fashion=True)
    yield Cell(MLP, "none", "", "trained", fashion=True, epochs=300)
    for lr in ("0.01", "0.0001"):
        yield Cell(MLP, "none", "", "trained", fashion=True, lr=lr)
    yield Cell(CNN, "none", "", "V0.08", fashion=True)
    for network, rows in FASHION.items():
        for reg, strengths, ends in rows:
            for strength in strengths.split():
                for end in ends.split():
                    yield Cell(
                        network, reg, strength, end, pretrained=True, structure=reg.startswith("group"), fashion=True
                    )
