"""Everything that determines a run's numbers, and nothing that does not.

A ``Protocol`` is frozen, validated data. The SHA-256 of its canonical JSON is the run's *identity*; the same without
the seed names the *study*. A field equal to its default is left out of the canonical form, so that a field added later
with a neutral default keeps every old identity (pinned by a golden test).
"""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Scalar = bool | int | float | str | None
Options = dict[str, Scalar | list[Scalar]]
Scale = Literal["demo", "reduced", "paper"]
Precision = Literal["float64", "float32", "tf32", "bf16", "tf32-compiled", "bf16-compiled"]


class Spec(BaseModel):
    """Base of all protocol parts: immutable, unknown fields refused, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Method(Spec):
    """One component of a method, by registered name, with its options (``shared.training.components``)."""

    name: str
    options: Options = {}


class Model(Spec):
    """A network: registered name, width multiplier, output classes, input channels and input side length."""

    name: str
    width: float = Field(1.0, gt=0)
    classes: int = Field(10, ge=2)
    channels: int = Field(3, ge=1)
    size: int = Field(32, ge=1)
    options: Options = {}


class Prunable(Spec):
    """Which tensors may be pruned; in module order, weight before bias (flipout sheet, section 2).

    ``exclude`` holds shell-style patterns of parameter names that stay dense although their kind is prunable, such as
    ``stem.*`` or ``*.shortcut.*``. ``scales``: factors of identity shortcuts too (synflow sheet, section 4.4).
    """

    bias: bool = False
    batchnorm: bool = False
    exclude: tuple[str, ...] = ()
    scales: bool = False


class Augment(Spec):
    """One random training transform.

    ``pad-crop`` and ``flip`` act on the device, in batches; with the padding mode ``reflect`` the border mirrors the
    image without repeating its edge. ``resized-crop`` (a box of a share of the area in ``scale``
    and a width-to-height ratio in ``ratio``, brought to ``Data.resize``), ``grayscale`` and ``colour-jitter``
    (brightness, contrast, saturation and hue by up to ``strength``, in random order) act on each encoded picture.
    """

    kind: Literal["pad-crop", "flip", "resized-crop", "grayscale", "colour-jitter"]
    padding: int = Field(0, ge=0)
    probability: float = Field(0.5, ge=0, le=1)
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    strength: float = Field(0.0, ge=0, le=0.5)
    padding_mode: Literal["zeros", "reflect"] = "zeros"

    @model_validator(mode="after")
    def _options_have_an_effect(self) -> Augment:
        if self.padding_mode != "zeros" and not (self.kind == "pad-crop" and self.padding):
            raise ValueError("padding_mode belongs to kind='pad-crop' with some padding")
        if self.kind != "resized-crop" and (self.scale, self.ratio) != ((0.08, 1.0), (3 / 4, 4 / 3)):
            raise ValueError("scale and ratio belong to kind='resized-crop'")
        if not (0 < self.scale[0] <= self.scale[1] <= 1 and 0 < self.ratio[0] <= self.ratio[1]):
            raise ValueError("scale and ratio are positive, the smaller value first, and scale is at most 1")
        if (self.kind == "colour-jitter") != (self.strength > 0):
            raise ValueError("strength belongs to kind='colour-jitter', which needs one above 0")
        return self

    @property
    def on_pictures(self) -> bool:
        """Whether it needs the picture as it was encoded, so that pictures are decoded anew in every epoch."""
        return self.kind in ("resized-crop", "grayscale", "colour-jitter")


class Data(Spec):
    """A data set and every transformation that determines the numbers.

    ``resize`` is the side length images are brought to (``None``: as stored), whatever their shape; with
    ``shorter_side`` the shorter side is brought to that and the centre of side ``resize`` cut out. ``per_class`` keeps
    the first so many training images of each class; ``val_size`` holds out training images (``val_rule``: the last in
    file order, the last of a seeded permutation, or of each class its share, drawn by the seed); ``evaluate_on`` names
    the split every accuracy refers to. ``select_on`` evaluates a second split as well, by which the epoch is chosen
    whose accuracy on the first is reported (hoyer sheet, 4.11).
    """

    name: str
    resize: int | None = Field(None, ge=1)
    shorter_side: int | None = Field(None, ge=1)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    augment: tuple[Augment, ...] = ()
    per_class: int | None = Field(None, ge=1)
    test_per_class: int | None = Field(None, ge=1)
    val_size: int = Field(0, ge=0)
    val_rule: Literal["last", "permuted", "stratified"] = "last"
    evaluate_on: Literal["test", "val"] = "test"
    select_on: Literal["", "val"] = ""
    checks: tuple[Method, ...] = ()

    @model_validator(mode="after")
    def _validation_split_exists(self) -> Data:
        if self.evaluate_on == "val" and self.val_size == 0:
            raise ValueError("evaluate_on='val' needs val_size > 0")
        if self.select_on == "val" and (self.val_size == 0 or self.evaluate_on == "val"):
            raise ValueError("select_on='val' needs val_size > 0 and evaluate_on='test', the split that is reported")
        if self.select_on == "val" and self.per_picture:
            raise ValueError(
                "select_on='val' needs images that are decoded once; unset shorter_side and what crops or "
                "colours each picture"
            )
        return self

    @model_validator(mode="after")
    def _pictures_come_first(self) -> Data:
        if self.per_picture and self.resize is None:
            raise ValueError("shorter_side and augmentation of pictures need resize, the side length of what is cut")
        if self.shorter_side is not None and self.resize is not None and self.shorter_side < self.resize:
            raise ValueError("shorter_side must be at least resize, which is cut out of it")
        later = [a.on_pictures for a in self.augment]
        if later != sorted(later, reverse=True):
            raise ValueError("resized-crop, grayscale and colour-jitter come before pad-crop and flip")
        if any(a.kind == "resized-crop" for a in self.augment[1:]):
            raise ValueError("resized-crop is the first of the augmentations, or none of them")
        return self

    @property
    def per_picture(self) -> bool:
        """Whether encoded pictures are needed: those decoded to one square size have lost what this asks for."""
        return self.shorter_side is not None or any(a.on_pictures for a in self.augment)


class Optimizer(Spec):
    """An optimiser with coupled L2 decay on every parameter, unless ``decay_on`` says otherwise."""

    name: Literal["sgd", "adam", "rmsprop"] = "sgd"
    lr: float = Field(0.1, gt=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    nesterov: bool = False

    @model_validator(mode="after")
    def _momentum_has_an_effect(self) -> Optimizer:
        if self.name == "adam" and self.momentum:
            raise ValueError("adam has no momentum option; leave momentum at 0")
        if self.nesterov and (self.name != "sgd" or not self.momentum):
            raise ValueError("nesterov needs sgd with momentum > 0")
        return self


class Schedule(Spec):
    """Learning rate over epochs: constant, multiplied by ``gamma`` after each milestone epoch, or falling linearly.

    ``linear``: in epoch e (from 1) the rate is ``1 - e/epochs`` of the first, hence 0 in the last of ``epochs``.
    """

    kind: Literal["constant", "multistep", "linear"] = "constant"
    milestones: tuple[int, ...] = ()
    gamma: float = Field(0.1, gt=0)
    epochs: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _milestones_match_the_kind(self) -> Schedule:
        if (self.kind == "multistep") != bool(self.milestones):
            raise ValueError("milestones belong to kind='multistep', and a multistep schedule needs them")
        if any(m < 1 for m in self.milestones) or list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError("milestones must be increasing epochs from 1")
        if (self.kind == "linear") != (self.epochs is not None):
            raise ValueError("epochs belong to kind='linear', and a linear schedule needs them")
        return self


class Train(Spec):
    """Train for some epochs with the components of ``methods`` called in the stated order.

    ``checks`` are corruptions of the training data of this phase alone (``shared.data.checks``).
    """

    kind: Literal["train"] = "train"
    name: str = "train"
    epochs: int = Field(gt=0)
    batch_size: int = Field(128, gt=0)
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    methods: tuple[Method, ...] = ()
    checks: tuple[Method, ...] = ()


class Prune(Spec):
    """Score the network once and prune it, outside training (pruning at initialisation, thresholds, tickets).

    ``checks`` are sanity checks: corruptions of the data that are scored (``shared.data.checks``), permutations of the
    masks or weights that come out (``shared.training.structure``).
    """

    kind: Literal["prune"] = "prune"
    name: str = "prune"
    method: Method
    checks: tuple[Method, ...] = ()


class Rewind(Spec):
    """Set weights and buffers back to those after ``epoch`` of the earlier training phase ``phase``; masks stay.

    Epoch 0 is the state in which that phase began. ``best`` takes the epoch that was most accurate on the evaluated
    split instead, the first of equals. ``optimizer`` hands the momentum of that epoch to the next phase, which
    otherwise starts with none. ``checks`` are permutations of weights (``shared.training.structure``).
    """

    kind: Literal["rewind"] = "rewind"
    name: str = "rewind"
    phase: str = "train"
    epoch: int = Field(0, ge=0)
    best: bool = False
    optimizer: bool = False
    checks: tuple[Method, ...] = ()

    @model_validator(mode="after")
    def _one_epoch(self) -> Rewind:
        if self.best and self.epoch:
            raise ValueError("best chooses the epoch; leave epoch at 0")
        return self


class Quantise(Spec):
    """Post-training static quantisation of the network as it stands (flipout sheet, section 4.11).

    ``scheme`` holds for weights and activations; ``weight_scheme`` is set only where the weights' differs.
    """

    kind: Literal["quantise"] = "quantise"
    name: str = "quantise"
    weight_observer: str = "minmax"
    activation_observer: str = "minmax"
    scheme: Literal["affine", "symmetric"] = "affine"
    weight_scheme: Literal["affine", "symmetric"] | None = None

    @model_validator(mode="after")
    def _one_spelling(self) -> Quantise:
        if self.weight_scheme == self.scheme:
            raise ValueError("weight_scheme equals scheme; leave weight_scheme out")
        return self


Phase = Annotated[Train | Prune | Rewind | Quantise, Field(discriminator="kind")]


class Protocol(Spec):
    """One run, completely."""

    schema_version: int = 1
    paper: str
    variant: str = "published"
    scale: Scale = "paper"
    model: Model
    data: Data
    prunable: Prunable = Prunable()
    phases: tuple[Phase, ...] = Field(min_length=1)
    precision: Precision = "float32"
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _rewinds_have_a_target(self) -> Protocol:
        trained: dict[str, int] = {}
        for phase in self.phases:
            if isinstance(phase, Train):
                trained[phase.name] = phase.epochs
            elif isinstance(phase, Rewind) and phase.phase not in trained:
                raise ValueError(f"phase {phase.name!r} rewinds to {phase.phase!r}, which no training before it has")
            elif isinstance(phase, Rewind) and phase.epoch > trained[phase.phase]:
                raise ValueError(f"phase {phase.name!r} rewinds past the {trained[phase.phase]} epochs trained before")
        return self

    @property
    def identity(self) -> str:
        """SHA-256 (64 hexadecimal digits) of the canonical JSON: names this run."""
        return digest(canonical(self))

    @property
    def study(self) -> str:
        """The identity without the seed: names the group of runs whose spread is the seed's."""
        return digest({k: v for k, v in canonical(self).items() if k != "seed"})

    @property
    def epochs(self) -> int:
        """Training epochs over all phases."""
        return sum(p.epochs for p in self.phases if isinstance(p, Train))

    def canonical_json(self) -> str:
        """The text that is hashed: sorted keys, no spaces, defaults left out."""
        return dumps(canonical(self))

    def with_(self, **changes: Any) -> Protocol:
        """A validated copy with top-level fields replaced."""
        return Protocol.model_validate({**{k: getattr(self, k) for k in type(self).model_fields}, **changes})


def canonical(spec: Spec) -> dict[str, Any]:
    """The fields of a specification that differ from their defaults, as plain JSON values.

    ``kind`` and ``name`` tags are always kept, so that a phase stays recognisable.
    """
    out: dict[str, Any] = {}
    for key, always, default in _fields(type(spec)):
        value = getattr(spec, key)
        if always or value != default:
            out[key] = _plain(value)
    return out


@functools.cache
def _fields(kind: type[Spec]) -> tuple[tuple[str, bool, Any], ...]:
    """Name, whether it is always written, and default of each field; asked for thousands of times by readers."""
    return tuple(
        (key, key in ("kind", "name") or field.is_required(), field.get_default())
        for key, field in kind.model_fields.items()
    )


_SCALARS = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value  # most values; asking a model class about an instance takes far longer
    if isinstance(value, Spec):
        return canonical(value)
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)  # 1 and 1.0 are one setting
    return value


def dumps(value: Any) -> str:
    """Canonical JSON text: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of a plain value."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()
