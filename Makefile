# A bare `make` lists what there is to make. Everything is installed into .venv, once, by the targets that need it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := requirements/install.sh $(BIN)/pip
RUN := $(BIN)/python
# Most tests wait for processes, so there are more of them at once than two cores; those of one file share what they start.
WORKERS ?= 5
# A worker that crashes ends the run: another in its place would wait for files that nobody gives it.
PYTEST := $(RUN) -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0
# The build for CPUs where pip finds the one whose hash is known, else the index's, with CUDA.
TORCH = $(INSTALL) "PyTorch, the CPU build (760 MB)" --require-hashes --no-deps -r requirements/torch-cpu.txt 2>/dev/null \
	|| $(INSTALL) "PyTorch with CUDA (several GB)" --require-hashes -r requirements/torch-cuda.txt

# What runs the model: on a machine with an NVIDIA GPU, on that one too.
SERVE := $(VENV)/serve $(if $(wildcard /dev/nvidiactl),$(VENV)/gpu)

.PHONY: help demo explain-demo screenshots enhance explain-enhance serve bot test lint unit system browser train explain-train weights explain-weights evaluate explain-evaluate export benchmark explain-benchmark loadtest pictures docs perf explain-perf sbom audit lock clean
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: explain-demo $(VENV)/bot $(VENV)/play $(SERVE) ## Triton, the bot and a stand-in Slack in your browser, on this machine
	@$(RUN) -m playground.demo --model-server "$(RUN) -m serving"

explain-demo:
	@test -e $(VENV)/bot -a -e $(VENV)/play -a -e $(VENV)/serve || { \
		echo 'The first time this installs 660 MB into $(VENV), in six steps: about two minutes.'; }

enhance: explain-enhance $(VENV)/bot $(SERVE) ## one photo, without Slack: make enhance IMAGE=in.jpg OUT=out.jpg
	@$(RUN) -m slackbot enhance --check "$(IMAGE)" $(if $(OUT),-o "$(OUT)") $(OPTIONS)
	@$(RUN) -m serving.run_with_server $(RUN) -m slackbot enhance "$(IMAGE)" $(if $(OUT),-o "$(OUT)") $(OPTIONS)

explain-enhance:
	@test -n "$(IMAGE)" || { echo 'say which photo: make enhance IMAGE=in.jpg OUT=out.jpg' >&2; exit 2; }

serve: $(SERVE) ## Triton on this machine, until Ctrl-C: make serve [OPTIONS='--host 0.0.0.0']
	@$(RUN) -m serving $(OPTIONS)

bot: $(VENV)/bot ## the bot, with the settings in .env, until Ctrl-C
	@exec $(RUN) -m slackbot $(OPTIONS)

test: lint unit system browser ## the whole suite: checks, units, the real processes, the browser

lint: $(VENV)/dev
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/pyright
	$(BIN)/lint-imports

unit: $(VENV)/dev $(VENV)/compiler $(VENV)/decoders $(VENV)/postgres
	$(PYTEST) -m "not system and not browser"

system: $(VENV)/dev $(VENV)/perf_analyzer/bin $(VENV)/prometheus $(VENV)/postgres
	$(PYTEST) -m "system"

browser: $(VENV)/dev $(VENV)/browser
	$(PYTEST) -m "browser and not system"

train: explain-train $(VENV)/train ## fine-tune the served weights on your photos, 30 minutes: make train PHOTOS=folder [OPTIONS='--minutes 120']
	@$(RUN) training/train.py --photos "$(PHOTOS)" $(OPTIONS)

explain-train:
	@test -n "$(PHOTOS)" || { printf '%s\n' \
		'make train PHOTOS=folder    fine-tunes the served weights, for 30 minutes.' \
		'It takes some dozens of sharp photos, better hundreds, of a megapixel or more,' \
		'and writes into runs/. The first time it installs what it needs into $(VENV):' \
		'1.3 GB, with PyTorch for CPUs.' \
		'Where pip finds only the build with CUDA, it is several GB.' \
		"More: OPTIONS='--minutes 120', '--steps 5000', '--from nothing' or '--help'," \
		'and docs/training.md.' >&2; exit 2; }
	@test -d "$(PHOTOS)" || { echo 'there is no folder $(PHOTOS)' >&2; exit 2; }
	@test -e $(VENV)/train || echo 'The first time, what training needs is installed into $(VENV): 1.3 GB, or several GB with CUDA.'

weights: explain-weights $(VENV)/train ## weights by the recipe, from nothing; started again, it resumes: make weights PHOTOS=folder
	$(RUN) -m training.recipe --photos "$(PHOTOS)" $(OPTIONS)

explain-weights:
	@test -n "$(PHOTOS)" || { echo 'say which photos: make weights PHOTOS=folder' >&2; exit 2; }
	@test -d "$(PHOTOS)" || { echo 'there is no folder $(PHOTOS)' >&2; exit 2; }

evaluate: explain-evaluate $(VENV)/export ## how good weights are, beside bicubic: make evaluate PHOTOS=folder [OPTIONS='--weights FILE']
	@$(RUN) training/evaluate.py --photos "$(PHOTOS)" $(OPTIONS)

explain-evaluate:
	@test -n "$(PHOTOS)" || { printf '%s\n' \
		'make evaluate PHOTOS=folder    reduces and spoils the photos in that folder,' \
		'enhances them, and compares with what they were: a row for bicubic interpolation' \
		'and one for the model. Use photos that training did not see.' \
		'The first time it installs what it needs into $(VENV): 1.5 GB, with PyTorch.' >&2; exit 2; }
	@test -d "$(PHOTOS)" || { echo 'there is no folder $(PHOTOS)' >&2; exit 2; }

export: $(VENV)/export ## the weights as the next version that Triton serves
	$(RUN) export/to_onnx.py $(OPTIONS)

benchmark: explain-benchmark $(VENV)/dev $(VENV)/perf_analyzer/bin ## measure the server: make benchmark PHOTOS=folder VALIDATION=folder
	benchmarks/all.sh "$(PHOTOS)" "$(VALIDATION)"

explain-benchmark:
	@test -n "$(PHOTOS)" && test -n "$(VALIDATION)" || { \
		echo 'say which photos: make benchmark PHOTOS=folder VALIDATION=folder' >&2; exit 2; }

loadtest: $(VENV)/dev ## simulated people share photos with the real bot and Triton, faster and faster: make loadtest [OPTIONS='--seconds 90']
	$(RUN) -m benchmarks.load $(OPTIONS)
	$(RUN) -m benchmarks.capacity

# ARGS as perf_analyzer itself takes them: docs/benchmarking.md.
perf: explain-perf $(VENV)/serve $(VENV)/perf_analyzer/bin ## the genuine perf_analyzer: make perf ARGS='-m enhancer -i grpc -u 127.0.0.1:8001 ...'
	@$(RUN) -m benchmarks.perf_analyzer -- $(ARGS)

explain-perf:
	@test -n "$(ARGS)" || { echo "say what to measure: make perf ARGS='--help', or see docs/benchmarking.md" >&2; exit 2; }

pictures: $(VENV)/dev $(VENV)/browser $(VENV)/emoji ## the README's pictures and the model card's table anew
	@$(RUN) -m serving.run_with_server $(RUN) -m docs.pictures
	$(RUN) training/model_card.py

screenshots: $(VENV)/dev $(VENV)/browser $(VENV)/emoji ## every screen of the page, three widths, light and dark: make screenshots [OUT=folder]
	@$(RUN) -m docs.screenshots $(if $(OUT),--out "$(OUT)")

docs: $(VENV)/docs ## the documentation as a site, in site/; every broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --quiet --strict
	@echo 'Written to site/. To read it: $(RUN) -m http.server --directory site --bind 127.0.0.1'

sbom: $(VENV)/tools ## what each image is made of, as CycloneDX: sbom/IMAGE.json
	@$(RUN) -m deploy.sbom sbom

# Strict: what the index cannot tell about is a failure, and no clean bill.
audit: $(VENV)/tools ## known holes in what the bot is made of; asks pypi.org
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements/bot.txt

lock: $(VENV)/tools ## write requirements/*.txt anew from pyproject.toml
	PATH="$(CURDIR)/$(BIN):$$PATH" requirements/lock.sh

clean: ## remove what was installed and built
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# What is installed leaves a stamp named after its lock, so a second run installs nothing.
$(VENV)/created:
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
		echo 'this needs Python 3.11, 3.12 or 3.13 with venv: name one with PYTHON=..., or (Debian) apt install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The project itself: a line in the environment that names this folder, and the command `slackbot`.
$(VENV)/project: pyproject.toml requirements/build.txt slackbot/__init__.py | $(VENV)/created
	@$(INSTALL) "what packages the project (3 MB)" --require-hashes -r requirements/build.txt
	@$(INSTALL) "the project, as a link to this folder" --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/bot: what := the bot (270 MB, a minute)
$(VENV)/play: what := the page (13 MB, some seconds)
$(VENV)/docs: what := what builds the docs (130 MB, some seconds)
$(VENV)/tools: what := the tools of this Makefile
$(VENV)/bot $(VENV)/play $(VENV)/docs $(VENV)/tools: $(VENV)/%: requirements/%.txt | $(VENV)/project
	@$(INSTALL) "$(what)" --require-hashes -r $<
	@touch $@

$(VENV)/train $(VENV)/export: $(VENV)/%: requirements/%.txt requirements/judges.txt requirements/torch-cpu.txt requirements/torch-cuda.txt | $(VENV)/project
	@$(INSTALL) "what $* needs" --require-hashes -r $<
	@$(TORCH)
	@$(INSTALL) "the judges of evaluation (66 MB)" --require-hashes --no-deps -r requirements/judges.txt
	@touch $@

# What PyTorch compiles with, where it is asked to: the machine's own, else Debian's.
$(VENV)/compiler: | $(VENV)/created
	@command -v g++ >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq -y g++ >/dev/null; } \
		|| echo 'no C++ compiler to be had: the test of --compile will be skipped'
	@touch $@

# Triton comes last: pip complains of what its Python API would need at every install after it.
$(VENV)/serve: requirements/serve.txt requirements/triton.txt | $(VENV)/project
	@$(INSTALL) "what runs the model (210 MB)" --require-hashes -r $<
	@$(INSTALL) "Triton (140 MB)" --require-hashes --no-deps -r requirements/triton.txt
	@touch $@

# In a folder of its own, since ONNX Runtime for CPUs has the same name and files. Folders are put in place as a whole:
# pip, interrupted, would leave one with half of its packages, and it leaves what is there already.
$(VENV)/gpu: requirements/gpu.txt | $(VENV)/project
	@rm -rf $@.new
	@$(INSTALL) "ONNX Runtime for NVIDIA GPUs (2 GB)" --require-hashes --no-deps -r $< --target $@.new
	@rm -rf $@ && mv $@.new $@ && touch $@

$(VENV)/dev: requirements/dev.txt requirements/judges.txt requirements/torch-cpu.txt requirements/torch-cuda.txt requirements/triton.txt | $(VENV)/project
	@$(INSTALL) "everything that the tests need (1.6 GB)" --require-hashes -r $<
	@$(TORCH)
	@$(INSTALL) "the judges of evaluation (66 MB)" --require-hashes --no-deps -r requirements/judges.txt
	@$(INSTALL) "Triton (140 MB)" --require-hashes --no-deps -r requirements/triton.txt
	@touch $@

$(VENV)/perf_analyzer/bin: requirements/benchmark.txt | $(VENV)/created
	@rm -rf $(@D).new
	@$(INSTALL) "perf_analyzer" --require-hashes --no-deps -r $< --target $(@D).new
	@rm -rf $(@D) && mv $(@D).new $(@D) && touch $@

# Other programs that show pictures: the machine's own, else Debian's.
$(VENV)/decoders: | $(VENV)/created
	@{ command -v ffmpeg && command -v heif-convert && command -v avifenc && command -v vips && { command -v magick || command -v convert-im6.q16; }; } >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update -qq \
			&& apt-get install -qq -y --no-install-recommends ffmpeg imagemagick libheif-examples libavif-bin libvips-tools >/dev/null; } \
		|| echo 'not all of ffmpeg, ImageMagick, libheif, libavif and libvips are to be had: tests that compare with them will be skipped'
	@touch $@

# The machine's own Prometheus, else Debian's, without its service.
$(VENV)/prometheus: | $(VENV)/created
	@command -v prometheus >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update -qq \
			&& RUNLEVEL=1 apt-get install -qq -y --no-install-recommends prometheus >/dev/null; } \
		|| echo 'no Prometheus to be had: the tests that ask it will be skipped'
	@touch $@

# The machine's own PostgreSQL, else Debian's, without its service: the tests start one of their own.
$(VENV)/postgres: | $(VENV)/created
	@{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 \
		|| { test "$$(id -u)" = 0 && apt-get update -qq \
			&& RUNLEVEL=1 apt-get install -qq -y --no-install-recommends postgresql >/dev/null; } \
		|| echo 'no PostgreSQL to be had: the tests of several bots on one database will be skipped'
	@touch $@

# The machine's own browser, else Playwright's, else Debian's; where none can be had the browser tests skip and say so.
$(VENV)/browser: | $(VENV)/dev
	@$(RUN) -m playground.testing.browser 2>/dev/null || $(BIN)/playwright install chromium 2>/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq -y chromium >/dev/null; } \
		|| echo 'no browser to be had: the browser tests will be skipped'
	@touch $@

# Without it the reactions on the page's pictures are empty boxes.
$(VENV)/emoji: | $(VENV)/browser
	@{ fc-list :lang=und-zsye | grep -q .; } 2>/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update -qq \
			&& apt-get install -qq -y --no-install-recommends fontconfig fonts-noto-color-emoji >/dev/null; } \
		|| echo 'no font with emoji to be had (Debian: fonts-noto-color-emoji): the pictures will show boxes instead'
	@touch $@
