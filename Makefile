# Two commands do all the set-up on a fresh machine with Python 3.11 or newer (Linux, macOS):
#
#     make lab     environment, then JupyterLab opens on notebooks/01_intro.ipynb
#     make test    environment, then everything CI runs
#
# Each line below is a plain command that can be typed by hand; on Windows, the README gives them.

.DEFAULT_GOAL := help
.PHONY: help lab test scale lint notebooks langchain llama-cpp pins clean

# The first Python here that is new enough and can make environments. Another one: make lab PYTHON=/path/to/python
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
	&& echo $$p && break; done)
EXTRAS := lab,quant,audio,remote,serve,records,apps,tune,dev
# Passed on to JupyterLab and to pytest: make lab LAB_ARGS=--no-browser · make test TEST_ARGS="-k memory"
LAB_ARGS ?=
TEST_ARGS ?=
PIN_ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/ready
PIP_INSTALL := $(PY) -m pip install --disable-pip-version-check -c constraints.txt

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

lab: $(READY) ## Open the course in JupyterLab
	$(VENV)/bin/hflab lab $(LAB_ARGS)

test: lint ## Run everything CI runs: linters, tests, every cell of every notebook
	$(PY) -m pytest $(TEST_ARGS)

scale: $(READY) ## Run the tests of records over many workers, which need Ray
	$(PIP_INSTALL) -e ".[$(EXTRAS),scale]"
	$(PY) -m pytest tests/scale/two_workers.py

lint: $(READY) ## Check style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

notebooks: $(READY) ## Run the notebooks again and store the outputs that the tests compare
	$(PY) scripts/stamp.py
	$(PY) scripts/run_notebooks.py

langchain: ## Test the LangChain examples, in an environment of their own
	test -x .venv-langchain/bin/python || "$(PYTHON)" -m venv .venv-langchain
	.venv-langchain/bin/python -m pip install -c constraints-langchain.txt torch
	.venv-langchain/bin/python -m pip install -c constraints-langchain.txt -e ".[langchain,serve,dev]"
	.venv-langchain/bin/python -m pytest tests/test_langchain.py $(TEST_ARGS)

llama-cpp: $(READY) ## Compile llama.cpp (minutes) and test RemoteChat with its server
	CMAKE_ARGS="$${CMAKE_ARGS:--DLLAMA_BUILD_COMMON=OFF -DLLAVA_BUILD=OFF}" $(PIP_INSTALL) -e ".[$(EXTRAS),llama-cpp]"
	$(PY) -m pytest tests/test_llama_cpp.py $(TEST_ARGS)

pins: $(READY) ## Bring constraints.txt in line with pyproject.toml (PIN_ARGS=--upgrade: newest versions)
	$(PIP_INSTALL) uv
	$(PY) scripts/pin.py $(PIN_ARGS)

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) .venv-langchain build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

# Made once, and again when the dependencies change. torch goes first, alone, so that what pip fetches is seen: on Linux
# it may be a build with CUDA libraries. A torch of the pinned version that imports is kept, whatever its build.
$(READY): pyproject.toml constraints.txt
	@$(if $(PYTHON),,$(error $(NO_PYTHON)))
	@echo "Making the environment in $(VENV): a few minutes the first time, and about 2 GB."
	@test -x $(PY) || "$(PYTHON)" -m venv $(VENV)
	@$(PY) -c 'import torch' 2> /dev/null || { $(HINT); $(PIP_INSTALL) --force-reinstall torch; }
	$(PIP_INSTALL) -e ".[$(EXTRAS)]"
	@touch $@

HINT = if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi > /dev/null && [ -z "$$PIP_EXTRA_INDEX_URL" ]; then \
	echo "No NVIDIA GPU found. If pip fetches CUDA libraries below (several GB), press Ctrl-C and look up"; \
	echo "'CUDA libraries' in docs/troubleshooting.md: one variable makes it take the CPU build."; fi

define NO_PYTHON
hflab needs Python 3.11 or newer that can make virtual environments, and found none.
  Debian, Ubuntu   sudo apt install python3 python3-venv
  Fedora           sudo dnf install python3
  macOS            brew install python@3.13
Or name the one you have: make lab PYTHON=/path/to/python3
endef
