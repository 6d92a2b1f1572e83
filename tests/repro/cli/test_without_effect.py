"""An option that would do nothing is refused, and a word is not taken for what it is not."""

from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[3] / "results" / "dsr"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["verify", "flipout", "--published", "--strict"],
            "--published runs nothing, so --strict would have no effect",
        ),
        (["verify", "flipout", "--published", "--badge", "b.json", "--scale", "demo"], "--scale and --badge"),
        (["verify", "flipout", "--from", ".", "--precision", "bf16"], "--from runs nothing, so --precision"),
        (["verify", "flipout", "--from", ".", "--jobs", "2", "--device", "cpu"], "--jobs and --device"),
        (["verify", "flipout", "-t", "vgg19", "--plan", "--badge", "b.json"], "--plan runs nothing, so --badge"),
        (["verify", "flipout", "-t", "vgg19", "--badge", "no/where/b.json"], "there is no folder no/where"),
        (["verify", "flipout", "--from", ".", "--badge", "."], "--badge . cannot be written"),
        (["sweep", "flipout", "--on", "moon", "--dry-run"], "There is no place to run 'moon'"),
        (["sweep", "synflow", "--grid", "seed=1,2", "--seeds", "5", "--dry-run"], "The grid names its seeds"),
        (["report", "flipout", "-o", "out.pdf"], "out.pdf: a report is a page (.html)"),
        (["verify", "flipout", "-t", "vgg19", "-t", "counts"], "--table takes one table here, not vgg19 and counts;"),
        (["verify", "flipout", "--published", "-t", "vgg19", "-t", "grid"], "--table takes one table here"),
        (["show", "flipout", "-t", "vgg19", "-t", "counts"], "--table takes one table here, not vgg19 and counts;"),
        (["verify", "dsr", "--from", RESULTS, "-t", "mnist", "--seeds", ""], "--seeds '' is neither a number"),
        (["sweep", "flipout", "--per-gpu", "4", "--device", "cpu", "--dry-run"], "--per-gpu has no effect with"),
        (["verify", "flipout", "-t", "vgg19", "--plan", "--data-dir", "no/where"], "data folder no/where does not"),
        (["sweep", "flipout", "-t", "vgg19", "--dry-run", "--data-dir", "no/where"], "data folder no/where does not"),
        (["sweep", "flipout", "-t", "vgg19", "--dry-run", "--device", "bogus"], "device 'bogus' is not available"),
        (["run", "flipout", "--dry-run", "--device", "bogus"], "device 'bogus' is not available"),
        (["run", "flipout", "--dry-run", "--data-dir", "no/where"], "data folder no/where does not"),
        (["run", "--runs-dir", "dsr", "flipout"], "Say the paper first: `repro run flipout ...`"),
    ],
)
def test_refused(words, sentence, home, repro):
    said = repro(*words)
    assert said.code == 2
    assert sentence in said.err
    assert not [p for p in home.iterdir() if p.name != "cache"]


def test_a_paper_may_share_its_name_with_a_folder(home, repro):
    said = repro("run", "dsr", "--runs-dir", "dsr", "--depth", "27")
    assert "Say the paper first" not in said.err


def test_the_sentences_are_a_table_everywhere(home, repro):
    whole, table = (repro("verify", "dsr", "--published", *more, "--json") for more in ([], ["--table", "sentences"]))
    assert whole.code == table.code == 0
    assert repro("verify", "dsr", "--table", "sentences", "--plan", "--scale", "papper").code == 2


def test_the_plan_of_a_table_without_runs_is_a_sentence(home, repro):
    said = repro("verify", "synflow", "--table", "theory", "--plan")
    assert said.code == 0
    assert said.out == "Nothing is trained for this table: its numbers are computed when it is verified.\n"
