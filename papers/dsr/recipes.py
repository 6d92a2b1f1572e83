"""Each method of the paper as phases (dsr sheet, section 4): what happens before training, and while it runs.

``rules`` are those of a variant, or ``iclr``: what jobs of the earlier generation did (``protocols.rules``).
"""

from __future__ import annotations

from papers.dsr.settings import SCHEDULES, Schedule, Table
from shared.protocol import Method, Optimizer, Options, Phase, Prune, Train


def extra(rules: str) -> int:
    """Units that a fraction prune drops beside ``int(f * n)``: one in the later code, even for f = 0 (trap 17)."""
    return 1 if rules == "published" else 0


def table(name: str, values: Table, epochs_key: str, values_key: str, rest: Options | None = None) -> Method:
    """A component with a table of epochs and values."""
    columns: Options = {epochs_key: list(values[0]), values_key: list(values[1])}
    return Method(name=name, options={**columns, **(rest or {})})


def learning_rates(schedule: Schedule) -> Method:
    """The learning-rate table of a schedule; the ``--lr`` option never had an effect."""
    return table("learning-rate-table", schedule.lr, "epochs", "values")


def train(schedule: str | Schedule, epochs: int, batch: int, optimizer: Optimizer, *methods: Method) -> Train:
    """One training phase with a schedule's learning rates and these components."""
    known = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
    rates = learning_rates(known)
    return Train(epochs=epochs, batch_size=batch, optimizer=optimizer, methods=(rates, *methods))


def masks(conv: float, linear: float, granularity: str = "weight") -> Prune:
    """Random masks before training (section 2.4)."""
    coarse: Options = {} if granularity == "weight" else {"granularity": granularity}
    return Prune(name="masks", method=Method(name="sparse-init", options={"conv": conv, "linear": linear, **coarse}))


def masked(l1: float = 0.0, kernel_lasso: bool = False) -> Method:
    """``mask * S``, with the penalty on S."""
    options: Options = {"l1": l1} if l1 else {}
    return Method(name="masked-weights", options={**options, **({"kernel_lasso": True} if kernel_lasso else {})})


KEEP_MASKS = Method(name="mask-gradients")
"""For masks that never change what lies under them is without effect, and is not kept."""


def dsr(
    schedule: Schedule,
    target: int,
    stop: int | None,
    rules: str,
    granularity: str = "weight",
    more: Options | None = None,
) -> Method:
    """Adaptive global threshold, growth in proportion to the survivors (section 4.1)."""
    options: Options = {"target": target}
    if rules == "corrected":
        options |= {"allocation": "exact", "spare": "largest"}
    elif rules == "published-iclr":
        options["spare"] = "none"
    if granularity != "weight":
        options["granularity"] = granularity
    return _reallocate(schedule, stop, options | (more or {}))


def within(rules: str) -> str:
    """Growth in the tensor that dropped: as published a full tensor loses weights for good, corrected none (4.2)."""
    return "within-exact" if rules == "corrected" else "within"


def set_(schedule: Schedule, fraction: float, stop: int | None, rules: str, more: Options | None = None) -> Method:
    """A fraction of each tensor, regrown in the same tensor (section 4.2)."""
    options: Options = {"fraction": fraction, "allocation": within(rules)}
    if extra(rules) != 1:
        options["extra"] = extra(rules)
    return _reallocate(schedule, stop, options | (more or {}))


def _reallocate(schedule: Schedule, stop: int | None, options: Options) -> Method:
    assert schedule.period is not None
    if stop is not None:
        options["stop_epoch"] = stop
    return table("reallocate", schedule.period, "period_epochs", "periods", options)


def deep_rewiring(schedule: Schedule, eta: float, stop: int | None, rules: str, *, early: bool) -> Method:
    """Noise, and rewiring of turned signs after every step (section 4.3)."""
    values = schedule.early_temperature if early and schedule.early_temperature else schedule.temperature
    assert values is not None
    options: Options = {"eta": eta}
    if stop is not None:
        options["stop_epoch"] = stop
    if rules == "corrected":
        options["signs"] = "fixed"
    return table("deep-rewiring", values, "temperature_epochs", "temperatures", options)


def tied(conv: float, linear: float) -> Prune:
    """Banks before training (section 4.6)."""
    return Prune(name="tie", method=Method(name="tie", options={"conv": conv, "linear": linear}))


def tied_gradients(l1: float = 0.0, kernel_lasso: bool = False, *, rescale: bool = False) -> Method:
    """Sums over the positions of each bank value."""
    options: Options = {"l1": l1} if l1 else {}
    options |= {"kernel_lasso": True} if kernel_lasso else {}
    return Method(name="tied-gradients", options={**options, **({"rescale": True} if rescale else {})})


def gradually(
    *,
    conv: float,
    linear: float,
    steps: int,
    first: int,
    shape: str,
    extra: int,
    interval: int = 2,
    spare: bool = False,
) -> Method:
    """Iterative magnitude pruning; ``first`` counts epochs from 1 (section 4.8)."""
    options: Options = {"conv": conv, "linear": linear, "steps": steps, "first": first, "interval": interval}
    options |= {} if shape == "exponential" else {"shape": shape}
    options |= {} if extra == 1 else {"extra": extra}
    return Method(name="prune-gradually", options={**options, **({"spare_last": True} if spare else {})})


def restart(values: str) -> Prune:
    """New weights under the masks as they stand: fresh ones, or the run's own initial ones (section 4.12)."""
    return Prune(name="restart", method=Method(name="restart", options={"values": values}))


def after_dense(schedule: str, epochs: int, batch: int, pruning: Train, *methods: Method) -> tuple[Phase, ...]:
    """Dense training with these components, then pruning.

    Pruning inherits decay, momentum and Nesterov: one optimiser for both (trap 9).
    """
    return (train(schedule, epochs, batch, pruning.optimizer, *methods), pruning.model_copy(update={"name": "prune"}))
