# Two commands do all of their own set-up: make demo, make test.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench results clean

demo: .venv/demo
	$(BIN)/mien look examples/*.jpg --out out/demo/photos
	$(BIN)/mien watch examples/two_people.mp4 --out out/demo/video

test: .venv/dev
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/python -m pytest

lint: .venv/dev
	$(BIN)/pyright

.venv/demo: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -e '.[report]'
	touch $@

.venv/dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[report,tables,heic,train,dev]'
	touch $@

clean:
	rm -rf .venv out build dist
