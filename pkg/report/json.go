// SPDX-License-Identifier: MIT

package report

import (
	"encoding/json"
	"io"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
)

// Schema names the JSON format and its version.
const Schema = "fnsum.diff/1"

type jsonDiff struct {
	Schema    string         `json:"schema"`
	Old       jsonSide       `json:"old"`
	New       jsonSide       `json:"new"`
	Summary   jsonSummary    `json:"summary"`
	Objects   []jsonObject   `json:"objects"`
	Functions []jsonFunction `json:"functions"`
	Data      *[]jsonData    `json:"data,omitempty"` // only where asked for
}

type jsonSide struct {
	Path      string `json:"path"`
	Arch      string `json:"arch"`
	Functions int    `json:"functions"`
	Orphans   int    `json:"orphans"`
	Opaque    int    `json:"opaque"`
}

type jsonSummary struct {
	Changed   int `json:"changed"`
	Added     int `json:"added"`
	Removed   int `json:"removed"`
	Renamed   int `json:"renamed"`
	LineOnly  int `json:"line_only"`
	Unchanged int `json:"unchanged"`
}

type jsonObject struct {
	Name      string         `json:"name"`
	Status    compare.Status `json:"status"`
	Functions int            `json:"functions"`
}

type jsonFunction struct {
	Name         string           `json:"name"`
	File         string           `json:"file"`
	FileInferred bool             `json:"file_inferred"`
	Object       string           `json:"object"`
	Section      string           `json:"section"`
	Status       compare.Status   `json:"status"`
	Reasons      []string         `json:"reasons"`
	Old          *jsonState       `json:"old"`
	New          *jsonState       `json:"new"`
	PairedBy     compare.Evidence `json:"paired_by"`
	Sympos       int              `json:"sympos"`
	Opaque       bool             `json:"opaque"`
	Cold         []string         `json:"cold"`
	Aliases      []string         `json:"aliases"`
	Lines        []jsonLine       `json:"lines"`
}

type jsonLine struct {
	Part     string `json:"part"`
	Offset   uint64 `json:"offset"`
	Old      uint32 `json:"old"`
	New      uint32 `json:"new"`
	Evidence string `json:"evidence"`
}

type jsonData struct {
	Name   string         `json:"name"`
	File   string         `json:"file"`
	Object string         `json:"object"`
	Status compare.Status `json:"status"`
}

type jsonState struct {
	Name   string `json:"name"`
	Size   uint64 `json:"size"`
	Digest string `json:"digest"`
}

func writeJSON(w io.Writer, r *compare.Result, sides Sides) error {
	d := jsonDiff{
		Schema: Schema,
		Old:    side(r.Old, sides.Old),
		New:    side(r.New, sides.New),
		Summary: jsonSummary{
			Changed: r.Summary.Changed, Added: r.Summary.Added, Removed: r.Summary.Removed, Renamed: r.Summary.Renamed, LineOnly: r.Summary.LineOnly, Unchanged: r.Summary.Unchanged,
		},
		Objects:   make([]jsonObject, 0, len(r.Objects)),
		Functions: make([]jsonFunction, 0, len(r.Changes)),
	}
	for _, o := range r.Objects {
		d.Objects = append(d.Objects, jsonObject(o))
	}
	for i := range r.Changes {
		if c := &r.Changes[i]; c.Status != compare.LineOnly || sides.Lines {
			d.Functions = append(d.Functions, function(c, r.New.Hash))
		}
	}
	if sides.Data {
		data := make([]jsonData, 0, len(r.Data))
		for _, c := range r.Data {
			data = append(data, jsonData{c.Name, c.File, c.Object, c.Status})
		}
		d.Data = &data
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func side(m *manifest.Manifest, path string) jsonSide {
	return jsonSide{path, m.Arch, m.Count(checksum.Function), m.Count(checksum.Orphan), m.Opaque()}
}

func function(c *compare.Change, hash checksum.Hash) jsonFunction {
	shown := c.New
	if shown == nil {
		shown = c.Old
	}
	positioned := c.Old
	if positioned == nil {
		positioned = c.New
	}
	return jsonFunction{
		Name: c.Name, File: c.File, FileInferred: c.Inferred, Object: c.Object, Section: c.Section,
		Status: c.Status, Reasons: list(c.Reasons), Old: state(c.Old, hash), New: state(c.New, hash),
		PairedBy: c.PairedBy, Sympos: int(positioned.Sympos), Opaque: shown.Opaque,
		Cold: list(shown.Cold()), Aliases: list(shown.Aliases()), Lines: jsonLines(c.Lines),
	}
}

func jsonLines(list []compare.LineChange) []jsonLine {
	lines := make([]jsonLine, 0, len(list))
	for _, l := range list {
		lines = append(lines, jsonLine(l))
	}
	return lines
}

func state(r *checksum.Record, hash checksum.Hash) *jsonState {
	if r == nil {
		return nil
	}
	return &jsonState{r.Name, r.Size, hash.Hex(&r.Digest)}
}

// list makes an empty list of a nil one.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
