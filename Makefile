# Everything a clone needs is Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: test-heavy help demo test check test-gpu torture clean

help:
	@echo "make demo      verify FlipOut's VGG19 table at demo scale (minutes, no data needed)"
	@echo "make test      check and run all tests (REPRO_DATA adds real-data tests)"
	@echo "make check     ruff, mypy, import contract"
	@echo "make torture   kill a small training 200 times; each time it continues and ends bit-identical"
	@echo "make test-gpu  only the tests that need a CUDA device"

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Installing into $(VENV) (once; PyTorch is large) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/repro verify flipout --table vgg19 --scale demo; code=$$?; \
		case $$code in 0|1|3) ;; *) exit $$code ;; esac  # a verdict is a result, not a failure of make

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest

test-gpu: $(STAMP)
	$(BIN)/python -m pytest -m gpu

torture: $(STAMP)
	REPRO_KILLS=200 $(BIN)/python -m pytest -s tests/repro/launch/test_killed.py

test-heavy: $(STAMP)
	$(BIN)/python -m pytest -m heavy

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
