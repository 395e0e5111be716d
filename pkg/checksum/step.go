// SPDX-License-Identifier: MIT

package checksum

import "github.com/fnsum/fnsum/pkg/lines"

// Class says which part of a function a step belongs to, and so, where two
// functions differ in it, why.
type Class uint8

const (
	Instructions   Class = iota // opcode bytes, operands, branch shape
	References                  // what a relocation points at
	Strings                     // the text of string literals
	Constants                   // nameless read-only data
	JumpTables                  // tables of places in the function
	Alternatives                // replacement code, by CPU feature
	ExceptionTable              // where faulting instructions go on
	BugTable                    // WARN and BUG
	JumpLabels                  // static branches
	StaticCalls                 // static calls
	Tracing                     // where a tracer may hook in
	CFI                         // what stands in front of the entry: the kCFI type hash
	Cold                        // everything in the cold part, a second time
	Special                     // any other table about code: one class for each section's name
	Labels                      // entry points inside it that have a name

	NumClasses = iota
)

// classes is the order that the total digest takes the classes in, and what
// they are called: the reason in a comparison, the abbreviation in a manifest.
var classes = [NumClasses]struct{ reason, short string }{
	Instructions: {"instructions", "i"},
	References:   {"references", "r"},
	Strings:      {"strings", "s"},
	Constants:    {"constants", "c"},
	JumpTables:   {"jump-tables", "j"},

	Alternatives:   {"alternatives", "a"},
	ExceptionTable: {"exception-table", "x"},
	BugTable:       {"bug-table", "b"},
	JumpLabels:     {"jump-labels", "l"},
	StaticCalls:    {"static-calls", "t"},
	Tracing:        {"tracing", "f"},

	CFI:     {"cfi", "k"},
	Cold:    {"cold", "z"},
	Special: {"special", "S"},
	Labels:  {"labels", "n"},
}

// String is the class's name among a comparison's reasons.
func (c Class) String() string { return classes[c].reason }

// Table tells whether the class is of what has places: the entries of tables about code, and
// labels.
func (c Class) Table() bool { return c >= Alternatives && c <= Tracing || c >= Special }

// Short is the class's abbreviation in a manifest.
func (c Class) Short() string { return classes[c].short }

// ClassByShort is the class of an abbreviation.
func ClassByShort(short string) (Class, bool) {
	for c := range Class(NumClasses) {
		if classes[c].short == short {
			return c, true
		}
	}
	return 0, false
}

// Step is one element of a function's canonical form. The bytes are what is
// hashed: everything else says where they come from.
type Step struct {
	Class Class
	// Section is the table's name where the class is Special.
	Section string
	Kind    StepKind
	// Part is the entry (0), a cold part or a stub.
	Part int
	// Ordinal is the number of the instruction in its part, padding not
	// counted; Offset its first byte's from the start of the part.
	Ordinal uint32
	Offset  uint64
	// Bytes is the canonical encoding, valid until the visitor returns.
	Bytes []byte
	// Masked is the encoding with line numbers left out, nil where there are
	// none.
	Masked []byte
	// Dwarf is the encoding without those line numbers either for which debug
	// information is the evidence; nil where there are none.
	Dwarf []byte
	// Lines are the line numbers that Masked and Dwarf leave out.
	Lines []LineNumber
	// Place is, of an entry of a table or a label, the encoding of the place that it is
	// about; nil where that is where such entries are in nearly every function.
	Place []byte
	// Name is what the number is called that the step refers to, an absolute symbol; it is
	// no part of Bytes.
	Name string
	// Across is set where the step says a place in another part.
	Across bool
	// Cold is set for steps of a cold part.
	Cold bool
}

// LineNumber is a line number in a step, and why it is taken for one.
type LineNumber struct {
	Value    uint32
	Evidence lines.Evidence
}

// StepKind says how a step's bytes are to be read.
type StepKind uint8

const (
	InstructionStep StepKind = iota
	ReferenceStep            // of the instruction before
	ContentStep              // of what the reference before refers to
	PrefixStep               // an instruction in front of the entry
	EntryStep                // an entry of a table about the instruction before
	LabelStep                // a label at the instruction behind
)

// visitor takes the steps of a function, in order.
type visitor interface {
	step(s *Step)
}

// The first byte of an element of the canonical form. A plain instruction
// begins with its length (1 to 15) and, above it, its number of references.
const (
	tagBranch   = 0x80 // and the number of bytes behind the form
	tagRaw      = 0xf0 // bytes that are no instruction
	tagNop      = 0xf1 // a NOP that a table's entry is about
	tagFront    = 0xf2 // a place in the padding in front of the entry
	tagLine     = 0xf3 // what a line number was left out of
	tagEntry    = 'E'  // an entry of a table
	tagNamed    = 'e'  // and of which, by name
	tagName     = 'N'
	tagNumber   = '#' // which of several symbols of one normal name
	tagSelf     = '@'
	tagInside   = 'I'
	tagString   = 'T'
	tagIndexed  = 'i' // a place in the string that follows, or in front of it
	tagMerge    = 'M'
	tagDatum    = 'D'
	tagNested   = 'd'
	tagSpecial  = 'X'
	tagStray    = 'P'
	tagSection  = 'S'
	tagBiased   = '+'
	tagOwnName  = '_'
	tagCycle    = 'O'
	tagBrief    = 'B' // a datum by its digest: a large one, or one that stands in front already
	tagAnchor   = 'A' // an address that reaches nothing but accesses, which say their places
	tagAbsolute = 'V' // a number
	tagLabel    = 'L' // a label
	tagPlace    = 'p' // the place that an entry of a table is about
	tagJumps    = 'J' // a table of places in the function, as its entries lead there
)
