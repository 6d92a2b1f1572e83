import re

from repro.report.markdown import escape, grid, published_table, verdict_table
from repro.verdicts.published import judge_published
from repro.verdicts.table import judge


def test_every_claim_is_one_row_and_every_row_has_all_columns(paper):
    table = judge(paper, "vgg19", [])
    lines = verdict_table(table).splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    assert len(rows) == len(table.verdicts)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert "87.39 ± 0.23 (n = 3)" in rows[0]


def test_scores_follow_the_table_and_are_kept_apart(paper):
    text = verdict_table(judge(paper, "schedule", []))
    assert "Counts and laws: 5 of 5 decided claims stand" in text
    assert "Numbers:" not in text


def test_cells_cannot_break_out():
    assert grid(("a",), [("x|y\n| z",)]).splitlines()[2] == "| x\\|y \\| z |"
    assert escape("<b>*_`[") == "\\<b\\>\\*\\_\\`\\["


def test_every_sentence_of_the_paper_is_judged_on_its_numbers(paper):
    verdicts = judge_published(paper)
    text = published_table(verdicts)
    assert len(text.splitlines()) == len(verdicts) + 2
    assert "two-sided p = 0.058" in text


def test_numbers_are_not_said_to_be_the_authors(paper):
    """Some papers are judged on a third party's logs."""
    assert "| sentence | on the published numbers | reason |" in published_table(judge_published(paper))
