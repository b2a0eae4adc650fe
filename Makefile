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

# Slower than the suite: speed and memory beside parts and peers, each peer in an environment of its own.
bench: .venv/dev bench/peers/emotiefflib bench/peers/fer
	$(BIN)/mien bench

bench/peers/emotiefflib:
	$(PYTHON) -m venv $@ && $@/bin/pip install -q emotiefflib

bench/peers/fer:
	$(PYTHON) -m venv $@ && $@/bin/pip install -q --no-deps fer
	$@/bin/pip install -q tensorflow-cpu 'opencv-python-headless<5' 'moviepy<2' ffmpeg-python requests tqdm pandas Pillow \
		matplotlib 'setuptools<80'

# Figures of albums, games and the shipped networks; DATA is the folder of real data, RENDERS and SCENES of heads never
# trained on, LABELS the teacher's finds in the photos (made where the file is absent).
results: .venv/dev
	$(BIN)/python -m mien.train.detection --data $(DATA) --labels $(LABELS)
	for n in identity tracks rules clips ages groups events simulated kills papers; do \
		$(BIN)/python -m mien.album.experiments $$n || exit 1; done
	$(BIN)/python -m mien.train.failures --renders $(RENDERS) --scenes $(SCENES)
	for n in mien_s.default mien_s.default.fp32 mien_s.clean; do \
		$(BIN)/python -m mien.train.evaluate --name $$n --data $(DATA) --renders $(RENDERS) || exit 1; done
	$(BIN)/python -m mien.train.modelcard
	for n in clips shift; do $(BIN)/python -m mien.recipes.$$n --data $(DATA) || exit 1; done
	$(BIN)/mien recipes --table results > docs/recipes.md
	$(BIN)/mien lab games verify results --repeats 40
