# Everything from nothing: needs only Python 3.11 or newer and make. `make app` opens the editor, `make test` checks it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := requirements.txt requirements-train.txt requirements-dev.txt setup/requirements-serve.txt

.PHONY: app test check pictures clean

app: $(VENV)/.app  ## install what is missing, then open the editor
	$(BIN)/python -m app

test: $(VENV)/.dev check  ## install what is missing, then run all checks and tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev  ## style, types and which room imports which only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Glowface needs Python 3.11 or newer; try: make PYTHON=python3.12 app"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: setup/requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement setup/requirements.lock
	@touch $@

$(VENV)/.dev: $(REQUIREMENTS) constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet $(REQUIREMENTS:%=--requirement %) --constraint constraints.txt
	@touch $@ $(VENV)/.app

PICTURES := assets/pictures

pictures: $(VENV)/.dev  ## make the pictures of the README and of docs/app anew
	@mkdir -p $(PICTURES)
	$(BIN)/python -m pictures.strip $(PICTURES)/edits.jpg
	$(BIN)/python -m pictures.pasted $(PICTURES)/pasted.jpg
	$(BIN)/python -m app sample --count 32 --columns 8 --temperature 0.7 --seed 0 -o $(PICTURES)/samples.jpg
	$(BIN)/python -m pictures.screenshot $(PICTURES)/app.png
	$(BIN)/python -m pictures.panels docs/app
	$(BIN)/python -m pictures.icon

clean:  ## remove what make has installed
	rm -rf $(VENV)
