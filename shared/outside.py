"""A method that comes from outside: a file of the user's, in the place of one of a paper's own methods.

The text of the file is part of the protocol. So it belongs to a run's identity, travels with its record, and is kept
beside what it produced; what the file imports is not. It is executed where a run is trained that was asked for with
that file, and nowhere else: reading protocols and records never does.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import linecache
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from shared.errors import ReproError, unknown
from shared.protocol import Method, Options, Phase, Protocol, Prune, Train

Kind = Literal["score", "penalty"]
CRITERION = "outside"
"""Name of the criterion of periodic pruning that asks a method from outside."""


@dataclass(frozen=True)
class Entry:
    """Where a paper lets a method from outside take the place of one of its own.

    Attributes:
        kind: what the method has to be: a ``score`` of every prunable weight, or a ``penalty`` added to the loss.
        method: label ``method`` of the experiments whose protocols it enters.
        component: component of such a protocol that makes room for it; a penalty that replaces none names the training
            phase instead.
        words: for people: when it is asked, and for what.
    """

    kind: Kind
    method: str
    component: str
    words: str


@dataclass(frozen=True)
class Outsider:
    """A method from outside.

    Attributes:
        source: the text of its file.
        function: what is called in it: a function, or a class whose instances are components with ``score``.
        arguments: keyword arguments of the function, or of the class.
        rounds: how often scores are taken anew while pruning once; only for a score.
    """

    source: str
    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 1

    @property
    def options(self) -> Options:
        """What a component needs to call it."""
        arguments = json.dumps(dict(self.arguments), sort_keys=True, allow_nan=False)
        return {"source": self.source, "function": self.function, "arguments": arguments}

    @property
    def watches(self) -> bool:
        """Whether it is a class, whose instance sees every step."""
        return isinstance(load(self.source, self.function), type)

    @property
    def digest(self) -> str:
        """Twelve digits that tell it from another version of the same file, or from other arguments."""
        return hashlib.sha256(json.dumps([self.options, self.rounds]).encode()).hexdigest()[:12]


def read(where: str, arguments: Mapping[str, Any] | None = None, rounds: int = 1) -> Outsider:
    """The method named by ``file.py:name``, executed once to see that it is there and can be called.

    Raises:
        ReproError: if there is no such file or name in it, the file cannot be executed, or the arguments do not fit.
    """
    path, colon, function = where.rpartition(":")
    if not colon or not path.endswith(".py") or not function.isidentifier():
        raise ReproError(f"{where!r} is not FILE.py:NAME, such as my_method.py:score.")
    try:
        source = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReproError(f"{path} cannot be read ({error}); name the Python file that holds your method.") from error
    found, given = load(source, function), dict(arguments or {})
    try:
        inspect.signature(found).bind(*[] if isinstance(found, type) else [None], **given)
    except (TypeError, ValueError) as error:
        raise ReproError(
            f"{function} cannot be called with the state of a run and these arguments: {error}."
        ) from error
    return Outsider(source, function, given, rounds)


@lru_cache(maxsize=8)
def load(source: str, function: str) -> Callable[..., Any]:
    """What ``function`` names in the text, for looking at it; a run makes its own (``execute``).

    Raises:
        ReproError: as ``execute`` does.
    """
    return execute(source, function)


def execute(source: str, function: str) -> Callable[..., Any]:
    """What ``function`` names in a new module made of ``source``; what the text prints goes to stderr.

    Raises:
        ReproError: if the text cannot be executed, with the line, or has no such name.
    """
    name = f"method_from_outside_{hashlib.sha256(source.encode()).hexdigest()[:12]}"
    linecache.cache[f"<{name}>"] = (len(source), None, source.splitlines(keepends=True), f"<{name}>")  # for tracebacks
    module = sys.modules[name] = ModuleType(name)
    try:
        with redirect_stdout(sys.stderr):
            exec(compile(source, f"<{name}>", "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        hint = " (only installed packages can be imported)" if isinstance(error, ImportError) else ""
        raise ReproError(f"The file of your method cannot be executed{line_of(error)}: {error}{hint}.") from error
    found = getattr(module, function, None)
    if not callable(found):
        own = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == name]
        raise unknown("function or class in your file", function, own)
    result: Callable[..., Any] = found
    return result


def line_of(error: BaseException) -> str:
    """The line of the user's file that an error came from, in brackets; empty where it came from elsewhere."""
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno})"
    trace, line = error.__traceback__, None
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename.startswith("<method_from_outside_") else line
        trace = trace.tb_next
    return f" (line {line})" if line else ""


def enter(protocol: Protocol, entry: Entry, outsider: Outsider, components: Mapping[str, str]) -> Protocol:
    """The protocol with the method from outside in the place of the one that the entry names.

    Args:
        protocol: of an experiment with the entry's method.
        entry: the place.
        outsider: what takes it.
        components: registered name -> ``"module:attribute"``, for the method that is replaced.

    Raises:
        ReproError: if the protocol has no such place.
    """
    phases = tuple(_phase(p, entry, outsider, components) for p in protocol.phases)
    if phases == protocol.phases:
        raise ReproError(f"This protocol of {protocol.paper} has no {entry.component} whose place could be taken.")
    return protocol.with_(phases=phases)


def _phase(phase: Phase, entry: Entry, outsider: Outsider, components: Mapping[str, str]) -> Phase:
    if isinstance(phase, Prune) and phase.method.name == entry.component:
        return phase.model_copy(update={"method": _once(phase.method, outsider, components)})
    if isinstance(phase, Train) and entry.kind == "penalty" and entry.component in (phase.name, *_names(phase)):
        others = tuple(m for m in phase.methods if m.name != entry.component)
        penalty = Method(name="outside-penalty", options=outsider.options)
        return phase.model_copy(update={"methods": (penalty, *others)})
    if isinstance(phase, Train) and entry.kind == "score" and entry.component in _names(phase):
        return phase.model_copy(update={"methods": _again_and_again(phase.methods, entry, outsider)})
    return phase


def _names(phase: Train) -> list[str]:
    return [m.name for m in phase.methods]


def _once(method: Method, outsider: Outsider, components: Mapping[str, str]) -> Method:
    """Pruning in a phase of its own, down to as many weights as the replaced method keeps there."""
    replaced = json.dumps(method.options, sort_keys=True)
    how: Options = {**outsider.options, "instead_of": components[method.name], "replaced": replaced}
    if outsider.rounds != 1:
        how["rounds"] = outsider.rounds
    return Method(name="outside-score", options=how)


def _again_and_again(methods: tuple[Method, ...], entry: Entry, outsider: Outsider) -> tuple[Method, ...]:
    """Pruning in the course of training, when and by as much as the replaced criterion does."""
    watch = (Method(name="outside-watch", options=outsider.options),) if outsider.watches else ()
    kept = ("fraction", "interval", "stop_epoch")
    found = []
    for method in methods:
        if method.name == entry.component:
            same = {k: v for k, v in method.options.items() if k in kept}
            options = {"criterion": CRITERION, **same, **outsider.options}
            found.append(method.model_copy(update={"options": options}))
        else:
            found.append(method)
    return (*watch, *found)
