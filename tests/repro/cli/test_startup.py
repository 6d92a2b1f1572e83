from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "mlflow", "pandas", "matplotlib", "scipy", "sklearn")
PROBE = """
import json, sys
from repro.cli import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    code = left.code
print(json.dumps([code or 0, [m for m in {heavy} if m in sys.modules]]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["list"], ["list", "flipout"], ["show", "flipout"], ["run", "flipout", "-h"]]
)
def test_looking_around_imports_nothing_heavy(words):
    probe = PROBE.replace("{heavy}", repr(HEAVY))
    done = subprocess.run([sys.executable, "-c", probe, *words], capture_output=True, text=True, check=True, timeout=60)
    code, imported = json.loads(done.stderr.splitlines()[-1])
    assert (code, imported) == (0, [])
    assert done.stdout


def test_an_error_in_a_process_of_its_own_is_one_line_and_code_2():
    command = [sys.executable, "-c", "from repro.cli import main; main()", "show", "flipot"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 2
    assert done.stderr == "Error: There is no paper 'flipot'; did you mean flipout?\n"
    assert done.stdout == ""
