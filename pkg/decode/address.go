// SPDX-License-Identifier: MIT

package decode

// Address is what an instruction does with an address that a register holds, as far
// as it takes to follow one from where it is made to where memory is accessed by it.
type Address struct {
	Use AddressUse
	// To is the register that holds the result; Base is the one that holds the
	// address, Index what is added to it. NoRegister where there is none.
	To, Base, Index uint8
	// Either is set where Base and Index may change places.
	Either bool
	// Offset is added to Base, in bytes.
	Offset int64
	// Field is the bits of the instruction's word that hold Offset, 0 for none.
	Field uint32
	// Moves says whether Base itself becomes the sum, and when.
	Moves Writeback
	// Signed is set where the lower part of Index that counts is a signed number.
	Signed bool
	// Load is how many bytes an AccessAddress loads into To, 0 where it does
	// something else.
	Load uint8
}

// NoRegister stands for a register that isn't there.
const NoRegister = 31

// AddressUse is a way of using an address.
type AddressUse uint8

const (
	OtherAddress  AddressUse = iota // none, or one that isn't known
	PageAddress                     // To is a page that a relocation says
	PlaceAddress                    // To is a place in code
	CopyAddress                     // To = Base
	OffsetAddress                   // To = Base + Offset
	IndexAddress                    // To = Base + Index, scaled or not
	WordsAddress                    // To = Base + 4 times what is in Index
	AccessAddress                   // memory at Base + Offset + Index
	StackAddress                    // To = the stack pointer + Offset
	SpillAddress                    // To, and Index behind it, go to the stack at Offset
	FillAddress                     // and come from there
)

// Writeback is whether an access changes its base register.
type Writeback uint8

const (
	NoWriteback Writeback = iota
	PreIndex              // before the access
	PostIndex             // behind it, which is at Base
)
