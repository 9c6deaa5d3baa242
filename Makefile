PYTHON ?= python3
BIN := .venv/bin

.PHONY: serve test newest lowest lock clients pages image clean

serve: .venv/.installed ## serve the default world on 127.0.0.1:8080
	$(BIN)/batch-emulator serve

test: .venv/.installed-dev ## everything that must hold: lint, format, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist worksteal

newest lowest: .venv/.installed-dev ## the tests that releases of others can change, with the newest, or the lowest that pyproject.toml allows
	.ci/releases $@ $(PYTHON)

lock: .venv/.installed-dev ## constraints.txt anew: today's releases of all that the tests need
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --group dev --no-annotate \
	  --custom-compile-command 'make lock' --output-file constraints.txt pyproject.toml

clients: .venv/.installed-dev ## the newest betas of Stripe's clients that the tests run, as pip and npm have them today
	$(BIN)/python -m tests.support.stripe_clients

pages: .venv/.installed-dev ## the generated pages of docs/ anew
	$(BIN)/python -m tests.pages.generated

image: ## the container image, batch-emulator
	docker build --tag batch-emulator .

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) makes no virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/.installed-dev: .venv/.installed constraints.txt
	$(BIN)/pip install --quiet --group dev --constraint constraints.txt --editable .
	touch $@

clean:
	rm -rf .venv .venv-newest .venv-lowest
