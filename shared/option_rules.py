"""Options that cannot be as they were typed: values out of range, and options that would be ignored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from shared.errors import ReproError

Flag = Callable[[str], str]
"""From the name of an option to what one types."""


class Chosen(Protocol):
    """Every option's value by name, typed or not."""

    def __getitem__(self, name: str, /) -> Any:
        """The value that holds."""


C = TypeVar("C", bound=Chosen)


@dataclass(frozen=True)
class Needs(Generic[C]):
    """An option that acts only where ``holds``.

    ``why`` completes the sentence "--option has no effect ..."; ``{name}`` in it is the value of that option.
    """

    option: str
    holds: Callable[[C], bool]
    why: str


def refuse(
    choice: C,
    typed: Collection[str],
    flag: Flag,
    rules: Iterable[Needs[C]],
    others: Iterable[Callable[[C], str | None]] = (),
) -> None:
    """Refuse the first option that would be ignored, then the first combination that cannot run.

    Args:
        choice: what holds.
        typed: names of the options that were typed; defaults are never refused.
        flag: how an option is typed.
        rules: where options act.
        others: each returns a sentence where it has something against the choice.

    Raises:
        ReproError: one sentence saying which and what would be right.
    """
    for rule in rules:
        if rule.option in typed and not rule.holds(choice):
            raise ReproError(f"{flag(rule.option)} has no effect {rule.why.format_map(_Values(choice))}.")
    for against in others:
        if sentence := against(choice):
            raise ReproError(sentence)


class _Values(dict[str, Any]):
    def __init__(self, choice: Chosen) -> None:
        self._choice = choice

    def __missing__(self, name: str) -> Any:
        return self._choice[name]


@dataclass(frozen=True)
class Ranges:
    """Which numbers an option takes: above 0, at least 0, or a fraction between 0 and 1."""

    positive: Sequence[str] = ()
    not_negative: Sequence[str] = ()
    fractions: Sequence[str] = ()
    below_one: Sequence[str] = ()

    def check(self, typed: Mapping[str, Any], flag: Flag) -> None:
        """Refuse the first value out of range; ``None`` is no value.

        Raises:
            ReproError: naming the option and what it takes.
        """
        for name, value in typed.items():
            if value is None:
                continue
            if name in self.fractions and not 0 < value < 1:
                percent = f" ({value / 100:g} if you mean {value:g} %)" if 1 < value < 100 else ""
                raise ReproError(f"{flag(name)} is a fraction between 0 and 1, not {value:g}{percent}.")
            if name in self.positive and not value > 0:
                raise ReproError(f"{flag(name)} must be positive, not {value:g}.")
            if name in self.not_negative and not value >= 0:
                raise ReproError(f"{flag(name)} must not be negative; it is {value:g}.")
            if name in self.below_one and not value < 1:
                raise ReproError(f"{flag(name)} must be below 1, not {value:g}.")
