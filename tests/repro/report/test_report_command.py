import pytest
from typer.testing import CliRunner

from repro.cli.app import build
from repro.report.latex import escape
from shared.errors import ReproError


@pytest.fixture
def repro(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPRO_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("REPRO_RUNS", str(tmp_path / "runs"))

    def run(*words):
        return CliRunner().invoke(build(["report"]), ["report", *words])

    return run


@pytest.fixture
def evidence(tmp_path, made):
    file = tmp_path / "results" / "flipout" / "runs.jsonl"
    file.parent.mkdir(parents=True)
    runs = [made(f"vgg19/{m}/99.9", "paper", seed) for m in ("flipout", "snip") for seed in (42, 43)]
    file.write_text("".join(r.model_dump_json() + "\n" for r in runs))
    return file


def test_the_page_is_written_where_it_is_asked_for(repro, evidence, tmp_path):
    (tmp_path / "deep").mkdir()
    done = repro("flipout", "--table", "vgg19", "-o", "deep/page.html")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "deep" / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "4 runs of 2 experiments" in page


@pytest.mark.parametrize(
    ("output", "sentence"),
    [("no/where/page.html", "there is no folder no/where; make it first"), ("-", "--output - is no file")],
)
def test_a_place_that_cannot_be_meant_is_refused(output, sentence, repro, tmp_path):
    done = repro("flipout", "-o", output)
    assert isinstance(done.exception, ReproError)
    assert sentence in str(done.exception)
    assert not [p for p in tmp_path.iterdir() if p.name != "results"]


def test_tables_go_to_stdout_alone(repro, evidence):
    done = repro("flipout", "-t", "vgg19", "--format", "md")
    assert done.exit_code == 0
    assert done.stdout.startswith("## VGG19 on CIFAR-10")
    latex = repro("flipout", "-t", "vgg19", "--format", "tex").stdout
    assert latex.count(r"\begin{longtable}") == latex.count(r"\end{longtable}") == 2


def test_the_name_of_the_file_chooses_the_format(repro, tmp_path):
    assert repro("flipout", "-t", "schedule", "-o", "t.tex").exit_code == 0
    assert r"\toprule" in (tmp_path / "t.tex").read_text()


def test_figures_are_written_as_svg_and_pdf_the_same_each_time(repro, evidence, tmp_path):
    for folder in ("one", "two"):
        assert repro("flipout", "-t", "vgg19", "--figures", folder).exit_code == 0
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / f).iterdir()} for f in ("one", "two"))
    assert one == two
    assert set(one) == {
        f"{name}.{kind}"
        for name in ("vgg19-vgg19", "curves-vgg19-at-99.9", "layers-vgg19-at-99.9", "weights-vgg19-at-99.9")
        for kind in ("svg", "pdf")
    }
    assert one["vgg19-vgg19.pdf"].startswith(b"%PDF")
    assert not (tmp_path / "flipout-report.html").exists()


def test_lines_that_cannot_be_read_are_named(repro, evidence):
    with evidence.open("a") as stream:
        stream.write("not a record\n")
    done = repro("flipout", "-t", "vgg19", "--format", "md")
    assert done.exit_code == 0
    assert "runs.jsonl:5" in done.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("flipout", "--format", "docx"), "docx"),
        (("flipout", "--table", "vgg91"), "vgg19"),
        (("flipout", "--from", "nowhere"), "nowhere"),
        (("flipout", "-t", "schedule", "-o", "results/flipout/runs.jsonl/x.md"), "there is no folder"),
    ],
)
def test_mistakes_are_one_sentence(repro, evidence, words, sentence):
    done = repro(*words)
    assert done.exit_code != 0
    assert sentence in str(done.exception)


def test_nothing_is_a_command_in_latex():
    assert escape(r"a_b & 5 % \input{x} ~^#$ ± <") == (
        r"a\_b \& 5 \% \textbackslash{}input\{x\} \textasciitilde{}\textasciicircum{}\#\$ $\pm$ \textless{}"
    )
