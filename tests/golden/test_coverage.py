"""Every case of a reference file is checked by an adapter, or is a stated exception."""

import ast
from pathlib import Path

import conventions as c
import pytest
from known_exceptions import EXCEPTIONS

HERE = Path(__file__).parent


def named_cases(paper):
    """Case ids, and prefixes of ids, that the adapters of a paper name in their code (docstrings do not count)."""
    found = set()
    for file in HERE.glob(f"test_{paper}_*.py"):
        tree = ast.parse(file.read_text())
        doc = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in doc
        }
    return found


@pytest.mark.parametrize("paper", EXCEPTIONS)
def test_every_case_has_an_adapter_or_a_reason(paper):
    named = named_cases(paper)
    prefixes = tuple(name for name in named if name == "trace-")
    missing = [i for i in c.load(paper) if i not in named and not i.startswith(prefixes) and i not in EXCEPTIONS[paper]]
    assert missing == []


@pytest.mark.parametrize("paper", EXCEPTIONS)
def test_exceptions_are_cases_with_reasons(paper):
    for case_id, reason in EXCEPTIONS[paper].items():
        assert case_id in c.load(paper)
        assert len(reason) > 20
