# Sightline. `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
BIN     := bin/sightline
STORE   ?= bolt
ARGS    ?=
OUT     := $(CURDIR)/test-output
TESTED  := redis-server redis-sentinel ffmpeg chromium nft ip fonts gst-rtsp gst-webrtc vlc prometheus promtool

## Use

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: need-run build ## the demo: six live cameras on a wall (STORE=redis, ARGS="--listen 0.0.0.0:8443")
	@if [ "$(STORE)" = redis ]; then \
		scripts/need redis-server && exec scripts/with-redis sh -c 'exec $(BIN) demo --store "$$STORE_URL" $(ARGS)'; \
	elif [ "$(STORE)" = bolt ]; then exec $(BIN) demo $(ARGS); \
	else exec $(BIN) demo --store "$(STORE)" $(ARGS); fi

dev: need-run ui-packages ## the demo with pages that reload as you edit them
	@go build -o $(BIN) ./cmd/sightline
	@exec scripts/dev $(BIN) $(ARGS)

build: ui ## bin/sightline with the pages in it
	@go build -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/sightline

ui: ui-packages ## the pages, into web/ui/dist
	@cd web/ui && npm run --silent build

## Check

test: need-test lint race fuzz-short ui-test e2e promises ops ## everything; what the build server runs

check: lint unit ui-test ## the quick half: a few minutes

lint: ## gofmt, go vet, golangci-lint
	@scripts/lint

unit: need-test ## Go tests
	go test ./...

race: need-test ## Go tests under the race detector
	@scripts/need cc
	@scripts/race

ui-test: ui-packages ## type check and tests of the pages
	@cd web/ui && npm run --silent check && npm test --silent

e2e: need-test build ## the built program in a real Chromium, on both stores; pictures in test-output/e2e
	@scripts/e2e $(OUT)

promises: need-test build ## timed promises against the built program, at three times the bar
	@SIGHTLINE_BIN="$(CURDIR)/$(BIN)" go test -tags promises -count=1 -p 1 -timeout 20m -v ./internal/measure

ops: need-test build ## every query of the dashboards and rules against a real Prometheus that scrapes two servers under load
	@SIGHTLINE_BIN="$(CURDIR)/$(BIN)" go test -tags ops -count=1 -timeout 5m -v -run TestLive ./internal/opscheck

fuzz: ## every fuzz target for FUZZTIME (20s) each
	@scripts/fuzz $(or $(FUZZTIME),20s)

fuzz-short: ## what cameras, viewers and files hold, 2,000 tries a target; about a minute
	@scripts/fuzz 2000x ./ingest ./ingest/onvif ./sfu/... ./controlroom/...

soak: need-test build ## the long loops (minutes to hours; not part of test)
	@SIGHTLINE_BIN="$(CURDIR)/$(BIN)" SOAK=1 go test -tags soak -count=1 -p 1 -timeout 6h -v ./...

bench: bench-media bench-revoke bench-images ## every bench: media, revocations, images, decisions, admissions, Chromium
	@go test -run '^$$' -bench 'Check|Decide' -benchtime 2s ./authz
	@go test -run '^$$' -bench Admit -benchtime 3s ./ratelimit/...
	@$(MAKE) --no-print-directory bench-chromium ARGS=

bench-media: need-test build ## cost of a packet and a viewer, first picture, latency, walls, layers, up to 400 viewers (ARGS="--profile FOLDER")
	@$(BIN) bench media $(ARGS)

bench-chromium: need-test build ## first picture, age and stillness in a real Chromium over shaped links (ARGS="--only one --runs 5")
	@SIGHTLINE_BIN="$(CURDIR)/$(BIN)" TEST_OUTPUT="$(OUT)/bench" node web/ui/bench/chromium.mjs --json $(OUT)/bench/chromium.json $(ARGS)

bench-recover: need-test build ## how soon six tiles are live again in Chromium after an outage, a restart, a hidden page (ARGS="--runs 8 --only outage,guest")
	@SIGHTLINE_BIN="$(CURDIR)/$(BIN)" TEST_OUTPUT="$(OUT)/bench" node web/ui/bench/recover.mjs $(ARGS)

bench-revoke: need-test build ## from a revocation to the last packet, every way, both stores, with and without hints
	@$(BIN) bench revoke

bench-images: ## images: intake with fsync, copies to 1,000 people and a revoke beside them, pages of 100,000, both stores
	@scripts/need redis-server
	@go test -run '^$$' -bench 'Intake|FanOut|PageOf' -benchtime 3s -benchmem ./controlroom/gallery

bench-gallery: need-test build ## a gallery of 100,000 images scrolled in a real Chromium
	@SIGHTLINE_BIN="$(CURDIR)/$(BIN)" TEST_OUTPUT="$(OUT)/bench" node web/ui/bench/gallery.mjs $(ARGS)

bench-archive: ## recording: CPU and bytes written for 32 cameras, lists with a year on the disk (p95), a day compressed, full and hung disks, the bucket
	@scripts/need ffmpeg
	@go test -run '^$$' -bench 'Year|Archive|Day|Export' -benchtime 1x -timeout 15m ./controlroom/archive
	@go test -count=1 -v -run 'AFullDisk|AHungDisk|TroubleIsTold|ABucketThatFails|KilledAtAnyMoment|ChangesOfTheClock|OnNotice|AnotherCodec|AnotherConfiguration' ./controlroom/archive

spec: ## the rows of the specification with and without tests
	@SPEC=1 go test -count=1 -v -run TestRowsCited ./internal/archtest | grep -v '^ok\|^PASS\|^=== \|^--- '

docs: ## rewrite the documents that are made from code
	@go test -count=1 -run TestDocs ./cmd/sightline/config ./internal/opscheck -update

image-check: ## the Dockerfile's steps in a clean root, started as nobody, without a container engine
	@scripts/need unshare setpriv ca && scripts/image-check

clean: ## what was built
	rm -rf bin test-output web/ui/dist/assets

# Not listed: what the targets above need.
need-run:
	@scripts/need go node ffmpeg
need-test:
	@scripts/need go node git $(TESTED)
ui-packages:
	@scripts/need node && scripts/npm-ci

.PHONY: help run dev build ui test check lint unit race ui-test e2e promises ops fuzz fuzz-short soak bench bench-archive bench-media bench-chromium bench-recover bench-revoke bench-images bench-gallery spec docs image-check clean need-run need-test ui-packages
