// SPDX-License-Identifier: MIT

// Package fnsum_test checks what concerns the whole module.
package fnsum_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fnsum/fnsum/"

// layers says which packages of the module each package may import. Those under
// internal are listed where they are reached; they know nothing of the domain.
var layers = map[string][]string{
	"pkg/object":       {"internal/mapped", "internal/parallel", "internal/huge", "internal/gallop"},
	"pkg/decode":       nil,
	"pkg/lines":        {"pkg/object", "pkg/decode", "internal/parallel"},
	"pkg/alternatives": {"pkg/object", "internal/huge", "internal/gallop", "internal/parallel"},
	"pkg/checksum":     {"pkg/object", "pkg/decode", "pkg/alternatives", "pkg/lines", "internal/parallel", "internal/huge"},
	"pkg/manifest":     {"pkg/checksum", "pkg/object", "internal/mapped", "internal/parallel", "internal/huge"},
	"pkg/compare":      {"pkg/manifest", "pkg/checksum", "internal/parallel"},
	"pkg/explain":      {"pkg/compare", "pkg/checksum"},
	"pkg/report":       {"pkg/explain", "pkg/compare", "pkg/manifest", "pkg/checksum"},
	"cmd/fnsum":        {"pkg/report", "pkg/explain", "pkg/compare", "pkg/manifest", "pkg/checksum", "pkg/lines", "pkg/object", "internal/mapped", "internal/parallel"},
}

func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		if strings.HasPrefix(name, "internal/") || fields[0] == strings.TrimSuffix(module, "/") {
			continue
		}
		allowed, ok := layers[name]
		if !ok {
			t.Errorf("%s has no place among the layers", name)
			continue
		}
		seen++
		for _, imported := range fields[1:] {
			inner, ours := strings.CutPrefix(imported, module)
			if ours && !slices.Contains(allowed, inner) {
				t.Errorf("%s imports %s", name, inner)
			}
		}
	}
	if seen != len(layers) {
		t.Errorf("%d packages of %d found", seen, len(layers))
	}
}
