PYTHON ?= python3
BIN := .venv/bin

.PHONY: serve test image install clean

serve: .venv/.installed ## serve the default world on 127.0.0.1:8080
	$(BIN)/batch-emulator serve

test: .venv/.installed-dev ## everything that must hold: lint, format, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto

image: ## the container image, batch-emulator
	docker build --tag batch-emulator .

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/pip install --quiet --group dev
	touch $@

clean:
	rm -rf .venv
