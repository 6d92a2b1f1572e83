"""Exit code 1 means contradicted and nothing else: an interrupt, a closed pipe and a bug have their own."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from repro.registry import load

WORDS = ("list",)


@pytest.mark.parametrize(
    ("raised", "code", "sentence"),
    [
        (KeyboardInterrupt(), 130, "Interrupted. Finished work is kept"),
        (RuntimeError("odd"), 70, "RuntimeError: odd (this is a bug; --debug shows where it happened)."),
        (PermissionError(13, "Permission denied", "locked"), 2, "locked may not be read or written by you"),
    ],
)
def test_what_a_command_raises_has_a_code_of_its_own(raised, code, sentence, repro, monkeypatch):
    def papers(*args, **kwargs):
        raise raised

    monkeypatch.setattr("repro.describe.papers", papers)
    said = repro(*WORDS)
    assert said.code == code
    assert sentence in said.err


def test_a_reader_that_leaves_is_no_contradiction():
    call = f"{sys.executable} -m repro verify dsr --published --json | head -c 10 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", call], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "141"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [
        (">&-", 2, "Error: Standard output is closed; send it to /dev/null instead.\n"),
        ("2>&-", 0, ""),
        (">&- 2>&-", 2, ""),
    ],
)
def test_a_stream_that_is_closed_gets_nothing_and_gives_nothing_away(closed, code, said):
    call = f"{sys.executable} -m repro list papers {closed}"
    done = subprocess.run(["bash", "-c", call], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (code, said)
    assert ("flipout" in done.stdout) is (code == 0)


@pytest.mark.parametrize("scale", ["demo", "reduced", "paper"])
def test_a_question_is_asked_beside_the_document(scale, monkeypatch, capsys):
    """On stderr, and "no" is missing evidence, not a pass; of a demo too, whose largest tables take hours."""
    from repro import verification
    from repro.cli import confirm
    from repro.request import Prepared
    from shared.errors import MissingEvidenceError, ReproError

    class Hours:
        seconds_left = 7200.0

    class Asked(Prepared):
        left = (SimpleNamespace(protocol=load("flipout").at_scale("vgg19/flipout/99.9", "paper", 42)),) * 100

    asked = object.__new__(Asked)
    object.__setattr__(asked, "choice", type("Choice", (), {"scale": scale}))
    monkeypatch.setattr(verification, "estimate", lambda prepared: Hours)
    with pytest.raises(ReproError, match="--yes"):
        confirm.confirm(asked, False)
    monkeypatch.setattr(type(confirm.err), "is_terminal", True)
    monkeypatch.setattr("sys.stdin", type("Keyboard", (), {"isatty": lambda self: True})())
    answers: list[dict[str, object]] = []
    monkeypatch.setattr("typer.confirm", lambda *words, **options: answers.append(options) or False)
    with pytest.raises(MissingEvidenceError, match="Nothing was started"):
        confirm.confirm(asked, False)
    assert answers == [{"default": False, "err": True}]
    written = capsys.readouterr()
    assert written.out == ""
    assert "about 2.0 h here" in written.err
    Asked.left = (SimpleNamespace(protocol=load("dsr").at_scale("mnist/dsr/99", "demo", 42)),)
    monkeypatch.setattr(verification, "estimate", lambda prepared: pytest.fail("measured what is short anyway"))
    confirm.confirm(asked, False)
