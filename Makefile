# SPDX-License-Identifier: MIT

GO ?= go
FUZZTIME ?= 60s

.PHONY: all
all: fnsum

.PHONY: fnsum
fnsum: # the command, in this folder; linked statically it starts a millisecond sooner
	CGO_ENABLED=0 $(GO) build -o fnsum ./cmd/fnsum

.PHONY: test
test: # everything; on real kernel objects too where FNSUM_KERNELS names a folder of them
	$(GO) vet ./...
	$(GO) test ./...
	$(GO) test -tags poison ./cmd/fnsum # a file's bytes are gone once it is closed

.PHONY: race
race: # the same for data races, not on real kernel objects: that takes too long
	FNSUM_KERNELS= $(GO) test -race -short ./...

.PHONY: lint
lint: # formatting and static analysis; the tools are in tools.mod
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt would change these files"; exit 1; }
	$(GO) tool -modfile=tools.mod gofumpt -l -extra . | (! grep .)
	$(GO) tool -modfile=tools.mod staticcheck ./...
	$(GO) fix -diff ./...

# A find leaves its input in testdata/fuzz. Without one, go test may still fail where a worker
# is busy when time is up ("context deadline exceeded"): then it has another try.
FOUND = $$(find . -path '*/testdata/fuzz/*' -type f | wc -l)
FUZZ = $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$package

.PHONY: fuzz
fuzz: # each fuzz target for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    found=$(FOUND); \
	    $(FUZZ) || { [ "$$found" = "$(FOUND)" ] && $(FUZZ); }; \
	  done; \
	done

.PHONY: bench
bench: # needs FNSUM_KERNELS; OBJTOOL names upstream's objtool to compare with
	$(GO) test -run '^$$' -bench . -benchmem ./...
	scripts/bench.sh
	scripts/bench-linear.sh

.PHONY: demo
demo: fnsum # what it is about, on a pair of objects in testdata
	@scripts/demo.sh

.PHONY: clean
clean:
	rm -rf fnsum demo
