// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/explain"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/report"
)

func newExplain() *cobra.Command {
	var output string
	in := &inputs{}
	cmd := &cobra.Command{
		Use:   "explain [-o FILE] OLD NEW [FUNCTION...]",
		Short: "Show where functions changed, instruction by instruction",
		Long: `Show where functions changed. Both sides of each function are written in
canonical form, the form that checksums are made of, and aligned:

  -  of the old side only        +  of the new side only

An instruction stands with what it refers to: a name, a string, the place that
it jumps to. Rows below it are the data that it uses. The first difference is
marked; three equal rows stand around each. What is equal in canonical form is
shown as equal, although the bytes may differ: a jump may be longer, a string
may lie elsewhere. A line number says why it is taken for one, and an immediate
that moved just as far that it looks like one: that is a remark only.

FUNCTION is a name, file:name or object:file:name; without one, every changed
function is explained. OLD and NEW must be objects, or directories of objects:
a manifest has checksums only.

Exit status: that of diff for what was explained, 2 for a function that isn't
there.`,
		Example: `  fnsum explain old/vmlinux.o new/vmlinux.o tcp_ack
  fnsum explain old.o new.o | less`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer in.close()
			in.stderr = cmd.ErrOrStderr()
			return in.runExplain(args[:2], args[2:], output, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "-", "write to `FILE`, - for standard output")
	return cmd
}

func (in *inputs) runExplain(paths, functions []string, output string, stdout io.Writer) error {
	in.trace = true
	older, newer, err := in.sources(paths)
	if err != nil {
		return err
	}
	for i, s := range [...]*source{older, newer} {
		if s.paths == nil {
			return fmt.Errorf("%s: a manifest has no code to explain: name the object that it was made of", paths[i])
		}
	}
	keep, err := selection(functions, older.manifest, newer.manifest)
	if err != nil {
		return err
	}
	objects := newObjects(in, older, newer)
	defer objects.close()
	result, err := objects.compare(compare.Options{Keep: keep})
	if err != nil {
		return fmt.Errorf("%s and %s: %w", paths[0], paths[1], err)
	}
	e := explainer{objects, result}
	if err := writeOutput(output, stdout, e.write); err != nil {
		return err
	}
	return outcome(result)
}

// function is a function as --only and explain name it.
type function struct{ object, file, name string }

// selection tells which functions a list of names means, all for an empty
// list. Every one must be on one of the sides.
func selection(names []string, sides ...*manifest.Manifest) (func(object, file, name string) bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	found, meant := map[string]bool{}, map[function]bool{}
	for _, m := range sides {
		for i := range m.Objects {
			o := &m.Objects[i]
			for j := range o.Records {
				r := &o.Records[j]
				all := append([]string{r.Name}, r.Aliases()...)
				asked := slices.DeleteFunc(spellings(o.Name, r.File, all), func(s string) bool { return !slices.Contains(names, s) })
				for _, s := range asked {
					found[s] = true
				}
				for _, name := range all {
					if len(asked) > 0 {
						meant[function{o.Name, r.File, name}] = true
					}
				}
			}
		}
	}
	for _, name := range names {
		if !found[name] {
			return nil, fmt.Errorf("%s: there is no such function", name)
		}
	}
	return func(object, file, name string) bool { return meant[function{object, file, name}] }, nil
}

// spellings are all ways to name a function that has several names.
func spellings(object, file string, names []string) []string {
	list := make([]string, 0, 3*len(names))
	for _, name := range names {
		list = append(list, name, file+":"+name, object+":"+file+":"+name)
	}
	return list
}

// explainer explains the changes of a comparison.
type explainer struct {
	objects *objects
	result  *compare.Result
}

func (e *explainer) write(w io.Writer) error {
	changes := e.result.Changes
	for i := range changes {
		rows, err := e.rows(&changes[i])
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := report.Explain(w, &changes[i], rows, e.objects.trees()); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		fmt.Fprintln(w, "nothing changed")
	}
	return nil
}

// rows is empty for a function that stands on one side only.
func (e *explainer) rows(c *compare.Change) ([]explain.Row, error) {
	if c.Old == nil || c.New == nil {
		return nil, nil
	}
	older, newer, err := e.objects.steps(e.result, c)
	if err != nil {
		return nil, err
	}
	return explain.Function(e.result.New.Arch, older, newer)
}
