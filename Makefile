# SPDX-License-Identifier: MIT

GO ?= go

.PHONY: all
all: fnsum

.PHONY: fnsum
fnsum:
	$(GO) build -o fnsum ./cmd/fnsum

.PHONY: test
test:
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: clean
clean:
	rm -f fnsum
