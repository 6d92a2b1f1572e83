import pytest

from repro.report import readme
from shared.errors import ReproError


def test_the_generated_parts_of_the_readmes_are_what_the_evidence_says():
    assert readme.stale(readme.readmes()) == [], "run python -m repro.report.readme"


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "flipout"
    folder.mkdir()
    return folder / "README.md"


def test_a_part_is_made_anew_and_the_rest_is_left_alone(page):
    page.write_text("before\n<!-- begin: table schedule -->\nold\n<!-- end -->\nafter\n")
    assert readme.stale([page]) == [page]
    text = readme.regenerate(page)
    assert text.startswith("before\n<!-- begin: table schedule -->\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "old" not in text
    assert "| periodic every 32 epochs, sparsity | 99.9 | 99.90234375 |" in text
    page.write_text(text)
    assert readme.stale([page]) == []


def test_scores_and_other_papers_can_be_named(page):
    page.write_text("<!-- begin: flipout score schedule -->\n<!-- end -->\n")
    assert "- Counts and laws: 5 of 5 decided claims stand" in readme.regenerate(page)


def test_claims_that_wait_for_a_run_can_be_left_out(page):
    """Of the DSR table, whose runs come one by one."""
    page.write_text("<!-- begin: dsr tested mnist -->\n<!-- end -->\n<!-- begin: dsr findings -->\n<!-- end -->\n")
    text = readme.regenerate(page)
    assert "| LeNet-300-100, static sparse, 99 % (mnist:13) |" in text
    assert "NOT TESTED" not in text
    assert "- All " in text
    assert "reallocations of" in text


def test_a_part_of_a_table_can_be_shown(page):
    page.write_text("<!-- begin: dsr tested mnist mnist/*/99 -->\n<!-- end -->\n")
    text = readme.regenerate(page)
    rows = [line for line in text.splitlines() if line.startswith("| LeNet")]
    assert rows
    assert all("99 %" in row for row in rows)
    assert " on other experiments.\n" in text


@pytest.mark.parametrize(
    "text",
    [
        "<!-- begin: nonsense -->\n<!-- end -->",
        "<!-- begin: table vgg19 -->\n",
        "<!-- begin: tested vgg19 nowhere/* -->\n<!-- end -->",
    ],
)
def test_a_part_that_is_unknown_or_open_is_named(page, text):
    page.write_text(text)
    with pytest.raises(ReproError, match=r"README\.md|nowhere"):
        readme.regenerate(page)


def test_wrong_use_is_refused(capsys):
    assert readme.main(["--chek"]) == 2
    assert "usage" in capsys.readouterr().err
