"""A method from a file of the user's: read, let into a protocol, refused where it cannot be used."""

from __future__ import annotations

import pytest

from shared.errors import ReproError
from shared.outside import Entry, Outsider, enter, load, read
from shared.protocol import Data, Method, Model, Optimizer, Protocol, Prune, Train

SCORE = "def score(state, power=1):\n    return state.masks.flat_weights().abs() ** power\n"
CLASS = (
    "from shared.training.method import Component\n\n\n"
    "class Watch(Component):\n    def score(self, state):\n        return state.masks.flat_weights()\n"
)
PERIODIC = Entry("score", "magnitude", "prune", "now and then")
ONCE = Entry("score", "random", "sparse-init", "once")


def protocol(*methods: Method, prune: Method | None = None) -> Protocol:
    train = Train(name="regularise", epochs=4, batch_size=8, optimizer=Optimizer(lr=0.1), methods=methods)
    phases = (Prune(method=prune), train) if prune else (train,)
    return Protocol(paper="toy", model=Model(name="lenet300"), data=Data(name="digits"), phases=phases, seed=1)


def test_a_file_is_read_once_and_its_text_kept(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(SCORE)
    outsider = read(f"{file}:score", {"power": 2})
    file.unlink()
    assert outsider.source == SCORE
    assert outsider.options == {"source": SCORE, "function": "score", "arguments": '{"power": 2}'}
    assert load(outsider.source, "score").__name__ == "score"


@pytest.mark.parametrize(
    ("text", "where", "sentence"),
    [
        (SCORE, "mine.py", "is not FILE.py:NAME"),
        (SCORE, "mine.txt:score", "is not FILE.py:NAME"),
        (SCORE, "mine.py:1", "is not FILE.py:NAME"),
        (SCORE, "other.py:score", "other.py cannot be read"),
        (SCORE, "mine.py:scores", "did you mean score"),
        ("score = 3\n", "mine.py:score", "no function or class in your file 'score'"),
        ("import math\n\n1 / 0\n", "mine.py:score", r"cannot be executed \(line 3\): division by zero"),
        ("def score(:\n", "mine.py:score", r"cannot be executed \(line 1\)"),
        ("import no_such_file_beside_it\n", "mine.py:score", r"\(line 1\).*only installed packages can be imported"),
        ("import sys\n\nsys.exit()\n", "mine.py:score", r"cannot be executed \(line 3\)"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(tmp_path, monkeypatch, text, where, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(ReproError, match=sentence):
        read(where)


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        (SCORE, {"strength": 2}, "got an unexpected keyword argument 'strength'"),
        ("def score():\n    return 1\n", {}, "too many positional arguments"),
        ("def score(state, power):\n    return 1\n", {}, "missing a required argument: 'power'"),
        (CLASS.replace("Watch", "score").replace("(Component)", ""), {"speed": 1}, "speed|takes no arguments"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_before_training(tmp_path, text, arguments, sentence):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(ReproError, match=sentence):
        read(f"{file}:score", arguments)


def test_a_file_from_another_editor_is_read_and_what_it_prints_is_no_result(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_bytes(b"\xef\xbb\xbf" + f"print('loading')\r\n{SCORE}".encode())
    assert read(f"{file}:score").source.startswith("print")
    said = capsys.readouterr()
    assert said.out == ""
    assert "loading" in said.err


def test_annotations_of_the_file_are_its_own(tmp_path):
    """Not those of the module that compiles it, which has them as text."""
    file = tmp_path / "mine.py"
    file.write_text("def score(state: int):\n    return state\n")
    outsider = read(f"{file}:score")
    assert load(outsider.source, "score").__annotations__ == {"state": int}


def test_a_builtin_is_refused_in_a_sentence(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from torch import abs as score\n")
    with pytest.raises(ReproError, match="cannot be called with the state"):
        read(f"{file}:score")


def test_text_arguments_and_rounds_are_part_of_the_identity():
    plan = protocol(prune=Method(name="sparse-init", options={"linear": 0.9}))
    known = {"sparse-init": "module:attribute"}
    alike, *others = [
        enter(plan, ONCE, outsider, known).identity
        for outsider in (
            Outsider(SCORE, "score"),
            Outsider(SCORE, "score", {"power": 2}),
            Outsider(SCORE + "\n", "score"),
            Outsider(SCORE, "score", rounds=2),
        )
    ]
    assert alike == enter(plan, ONCE, Outsider(SCORE, "score"), known).identity
    assert len({plan.identity, alike, *others}) == 5


def test_a_criterion_is_replaced_and_its_schedule_kept():
    prune = {"criterion": "global-magnitude", "fraction": 0.5, "interval": 2, "stop_epoch": 3, "counts": "published"}
    plan = protocol(Method(name="mask-gradients"), Method(name="prune", options=prune))
    (train,) = enter(plan, PERIODIC, Outsider(SCORE, "score"), {}).phases
    assert isinstance(train, Train)
    kept, entered = train.methods
    assert kept == Method(name="mask-gradients")
    assert entered.name == "prune"
    assert {k: v for k, v in entered.options.items() if k not in ("source", "function", "arguments")} == {
        "criterion": "outside", "fraction": 0.5, "interval": 2, "stop_epoch": 3,
    }  # fmt: skip


def test_a_class_watches_the_training_as_well():
    plan = protocol(Method(name="prune", options={"criterion": "random", "fraction": 0.5, "interval": 2}))
    (train,) = enter(plan, PERIODIC, Outsider(CLASS, "Watch"), {}).phases
    assert isinstance(train, Train)
    assert [m.name for m in train.methods] == ["outside-watch", "prune"]


def test_a_pruning_phase_is_replaced_and_remembers_whom():
    plan = protocol(prune=Method(name="sparse-init", options={"linear": 0.9}))
    first, train = enter(plan, ONCE, Outsider(SCORE, "score", rounds=5), {"sparse-init": "a:b"}).phases
    assert isinstance(first, Prune)
    assert train == plan.phases[1]
    assert first.method.name == "outside-score"
    assert first.method.options["instead_of"] == "a:b"
    assert first.method.options["replaced"] == '{"linear": 0.9}'
    assert first.method.options["rounds"] == 5


@pytest.mark.parametrize("place", ["regulariser", "regularise"])
def test_a_penalty_replaces_another_or_joins_a_phase(place):
    plan = protocol(Method(name="regulariser"), Method(name="mask-gradients"))
    (train,) = enter(plan, Entry("penalty", "l1", place, "always"), Outsider(SCORE, "score"), {}).phases
    assert isinstance(train, Train)
    others = ["mask-gradients"] if place == "regulariser" else ["regulariser", "mask-gradients"]
    assert [m.name for m in train.methods] == ["outside-penalty", *others]


def test_a_protocol_without_the_place_is_refused():
    with pytest.raises(ReproError, match="has no prune whose place could be taken"):
        enter(protocol(Method(name="mask-gradients")), PERIODIC, Outsider(SCORE, "score"), {})
