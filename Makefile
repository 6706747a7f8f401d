# Two commands for a newcomer: `make demo` and `make test`. Both set up .venv on their first run.
PYTHON ?= python3
BIN := .venv/bin
# Compiled code is cached by the source file of a function, which does not see changes of functions that it calls.
SOURCES := $(shell cat src/uisrnn/*.py src/uisrnn/*/*.py | cksum | cut -d' ' -f1)
export NUMBA_CACHE_DIR = $(CURDIR)/.venv/compiled-$(SOURCES)
PEER := .peer

.PHONY: demo test test-slow lint bench-train bench-decode bench-stream bench-parts bench-accuracy bench-diarize pretrained docs clean

demo: .venv/installed
	$(BIN)/python demo.py --train_iteration=1000 -l=0.001 -hl=100

test: .venv/installed-dev lint
	$(BIN)/python -m pytest -q

# The slow tests, then the decoder's tests with compiled code that checks the bounds of every array.
test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -q -m slow
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(NUMBA_CACHE_DIR)-checked $(BIN)/python -m pytest -q tests/decoding tests/model

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site, in build/site; what is wrong with a page is an error.
docs: export NO_MKDOCS_2_WARNING = 1
docs: .venv/installed-dev
	$(BIN)/mkdocs build --strict

# Training time beside uisrnn 0.1.2, in one run.
bench-train: .venv/installed-dev $(PEER)/installed
	$(BIN)/python benchmarks/train.py --peer $(PEER) --out benchmarks/results/train.json

# Decoding beside uisrnn 0.1.2, in one run.
bench-decode: .venv/installed-dev $(PEER)/installed
	$(BIN)/python benchmarks/decode.py --peer $(PEER) --out benchmarks/results/decode.json

# Latency and memory of streams.
bench-stream: .venv/installed-dev
	$(BIN)/python benchmarks/stream.py --out benchmarks/results/stream.json

# The decoder's own matrix product and bookkeeping beside those of libraries.
bench-parts: .venv/installed-dev
	$(BIN)/python benchmarks/product.py --out benchmarks/results/product.json
	$(BIN)/python benchmarks/bookkeeping.py --out benchmarks/results/bookkeeping.json

# Diarization of the recording AUDIO, whose turns are in RTTM, on one core.
bench-diarize: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/diarize.py --audio $(AUDIO) --rttm $(RTTM) \
		--out benchmarks/results/diarize.json

# Accuracy on conversations in the folder DATA, beside uisrnn 0.1.2 and untrained clustering, in one run.
bench-accuracy: .venv/installed-dev $(PEER)/installed $(PEER)/clustering/installed
	PYTHONPATH=$(PEER)/clustering $(BIN)/python benchmarks/accuracy.py --data $(DATA) --peer $(PEER) \
		--out benchmarks/results/accuracy.json

# The model that comes with the package, from conversations in the folder DATA.
pretrained: .venv/installed-dev
	$(BIN)/python benchmarks/pretrain.py --data $(DATA) --out benchmarks/results/pretrained.json

# torch comes first and by its pin, before anything else asks for a version of it.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --constraint constraints.txt torch
	$(BIN)/python -m pip install -q --constraint constraints.txt --editable '.[all]'
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install -q --constraint constraints.txt --editable '.[dev]'
	touch $@

# uisrnn 0.1.2 in a folder of its own: it has the name of this package.
$(PEER)/installed: .venv/installed
	$(BIN)/python -m pip install -q --no-deps --target $(PEER) uisrnn==0.1.2 colortimelog
	touch $@

# Packages that only a benchmark compares with; numpy and scipy are there.
$(PEER)/clustering/installed: .venv/installed
	$(BIN)/python -m pip install -q --no-deps --target $(PEER)/clustering \
		spectralcluster scikit-learn joblib cloudpickle narwhals threadpoolctl
	touch $@

clean:
	rm -rf .venv $(PEER) build src/*.egg-info
