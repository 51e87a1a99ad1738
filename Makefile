# Headwater. `make` alone says what there is. Works with GNU make 4 and with the 3.81 that macOS has.
#
# Needed: git, make, Go. `make test` uses more where it finds it, and says what it does not find: a C compiler for the
# race detector, Java and Maven for the end-to-end suite on a real Kafka and a real schema registry, Python and Node for the
# consumers in it, kcat, jq, curl, Prometheus (promtool, prometheus) for the alerts and the dashboard of deploy/, Chromium for
# the status page.

GO            ?= go
ARGS          ?=
E2E           ?= auto
RACE          ?= auto
FUZZTIME      ?= 30s
TEST_TIMEOUT  ?= 20m
BENCH_COUNT   ?= 6
RECORDS       ?= 100000,1000000
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

VERSION       := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS       := $(if $(VERSION),-X main.version=$(VERSION))

export E2E

.DEFAULT_GOAL := help
.PHONY: help run build test drill lint profile bench bench-parts bench-endtoend bench-quiet bench-peers bench-backfill bench-scale fuzz clean

help:
	@echo 'make run     build and run the demo: the whole job on an embedded Kafka, registry and sample API; Ctrl-C ends it'
	@echo '             make run ARGS=--once    ends by itself after the first pass'
	@echo 'make build   build bin/headwater, optimised by cmd/headwater/default.pgo: a minute or two more the first time, which make run spares'
	@echo 'make test    run every test'
	@echo '             E2E=auto|required|off   the suite on a real Kafka and registry (Java 17+, Maven)'
	@echo '             KAFKA_BROKERS=… SCHEMA_REGISTRY_URL=…   the same suite on servers of yours'
	@echo '             E2E_CACHE=…             where the real servers and the libraries of consumers are kept'
	@echo '             RACE=auto|required|off  the race detector (cgo, a C compiler)'
	@echo 'make drill   kill and pause workers, broker, registry and API on a real Kafka, and judge what arrived (docs/drills.md)'
	@echo '             ARGS="-drill.chaos=30m -drill.seed=7"   half an hour of chaos; the faults of a seed once more'
	@echo 'make lint    vet, formatting and linters, as CI runs them'
	@echo 'make bench   measure (docs/performance.md): each part into bin/bench.txt, for benchstat; then the whole way, and what little work costs'
	@echo '             BENCH_COUNT=6           repetitions of each part'
	@echo '             RECORDS=100000,1000000  how many go the whole way, one run each'
	@echo '             bench-parts, bench-endtoend, bench-quiet   one of the three'
	@echo 'make bench-peers      measure dlt and airbyte-cdk on the same pages and Kafka (Python 3; fetches both once)'
	@echo 'make bench-backfill   measure a backfill of 20,000 and 200,000 contacts at 50 ms a request (docs/performance.md)'
	@echo 'make bench-scale      measure one worker against three of a group: 300,000 contacts at 200 ms a request'
	@echo 'make profile measure as bench-endtoend does, and keep the CPU profile for the compiler (cmd/headwater/default.pgo)'
	@echo 'make fuzz    fuzz every target for FUZZTIME (30s)'
	@echo 'make clean   remove bin and test results (the real servers stay in their cache)'

build:
	$(GO) build $(PGO) -ldflags '$(LDFLAGS)' -o bin/headwater ./cmd/headwater

# The profile has the compiler build every package once more for it. Whoever wants to see the demo, or the tests, need not wait for that.
run: PGO = -pgo=off
test lint: export GOFLAGS += -pgo=off

# Ctrl-C is sent to every process that runs in the terminal's foreground, and make does not survive it: it would report
# an interrupt although the demo ended well. So where there is a terminal, job control (set -m) gives the foreground to
# the demo alone. In the background, or without a terminal, the demo takes the shell's place and gets its signals.
run: build
	@case "$$(ps -o stat= -p $$$$ 2>/dev/null)" in \
	*+*) set -m; bin/headwater demo $(ARGS); exit $$?;; \
	*) exec bin/headwater demo $(ARGS);; \
	esac

test:
	@$(GO) run ./internal/realstack/fetch
	@race=-race; \
	if [ '$(RACE)' = off ]; then \
		race=; \
	elif [ "$$($(GO) env CGO_ENABLED)" != 1 ] || ! command -v $$($(GO) env CC | cut -d' ' -f1) >/dev/null; then \
		race=; \
		echo 'race detector: left out, because it needs cgo and a C compiler'; \
		if [ '$(RACE)' = required ]; then echo '(RACE=required makes this an error)'; exit 1; fi; \
	fi; \
	set -x; $(GO) test $$race -shuffle=on -count=1 -timeout $(TEST_TIMEOUT) ./...

# Without the race detector: times are judged, too. With -v, or a table that shows nothing wrong would not be seen.
drill:
	@$(GO) run ./internal/realstack/fetch
	E2E=required $(GO) test -count=1 -v -timeout 3h -run '^TestDrills$$' ./internal/e2e -drill.full -drill.rounds=50 -drill.chaos=3m $(ARGS)

lint:
	$(GO) vet ./...
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt -w has something to do in:"; echo "$$unformatted"; exit 1; fi
	$(GO) run $(GOLANGCI_LINT) run ./...

bench: bench-parts bench-endtoend bench-quiet

# Not under make's -j: one at a time measures, the others would disturb.
.NOTPARALLEL: bench

bench-parts:
	@mkdir -p bin
	@set -e; $(GO) test -run '^$$' -bench . -benchmem -count $(BENCH_COUNT) -timeout 2h ./avro ./extract ./producer >bin/bench.txt || { cat bin/bench.txt; exit 1; }; \
		cat bin/bench.txt; echo 'in bin/bench.txt; two such files are compared by: go run golang.org/x/perf/cmd/benchstat@latest OLD NEW'

# The CPU profile is headwater's, of the largest run.
bench-endtoend:
	@mkdir -p bin
	$(GO) run ./internal/bench/endtoend -records $(RECORDS) -profile bin/cpu.pprof $(ARGS)

profile:
	$(GO) run ./internal/bench/endtoend -records 1000000 -beside 10000 -ratio 0 -profile cmd/headwater/default.pgo

bench-quiet:
	$(GO) run ./internal/bench/quiet $(ARGS)

bench-peers:
	$(GO) run ./internal/bench/peers $(ARGS)

bench-backfill:
	$(GO) run ./internal/bench/backfill $(ARGS)

bench-scale:
	$(GO) run ./internal/bench/backfill -workers 1,3 -contacts 300000 -concurrency 4 -latency 200ms $(ARGS)

# One target at a time, because go test -fuzz takes one.
fuzz:
	@set -e; for file in $$(git grep -l '^func Fuzz' -- '*_test.go'); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
			echo "fuzzing $$target in $$(dirname $$file) for $(FUZZTIME)"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$(dirname $$file); \
		done; \
	done

clean:
	rm -rf bin
	$(GO) clean -testcache
