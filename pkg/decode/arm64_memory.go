// SPDX-License-Identifier: MIT

package decode

// What an access does to memory.
const (
	loads  = 1
	stores = 2
)

// The modes of an address with an immediate.
const (
	atOffset = iota
	preIndexed
	postIndexed
)

// memory is "Loads and Stores".
func (x *a64Effects) memory() bool {
	isVector, second := x.bits(26, 1) == 1, x.bits(24, 1) == 1
	switch x.bits(28, 2) {
	case 0:
		switch {
		case isVector:
			return x.structures()
		case second:
			return x.unprivileged()
		}
		return x.exclusive()
	case 1:
		switch {
		case !second: // LDR (literal), PRFM (literal)
			if x.bits(30, 2) == 3 {
				return !isVector
			}
			if !isVector {
				x.write(x.d())
			}
			return true
		case x.bits(21, 1) == 1 && !isVector:
			if x.bits(30, 2) == 3 {
				return x.tags()
			}
			return x.bits(31, 1) == 0 && x.atomic128()
		case x.bits(21, 1) == 0:
			return x.recent(isVector)
		}
	case 2:
		return x.pair(isVector)
	case 3:
		return x.single(isVector)
	}
	return false
}

// slot notes an access of the stack, or an address there that is taken.
func (x *a64Effects) slot(offset, size int32, access uint8) {
	if access&loads != 0 {
		x.e.SlotRead, x.e.HasSlotRead = offset, true
	}
	if access&stores != 0 {
		x.e.SlotWrite, x.e.HasSlotWrite = offset, true
	}
	if access != 0 && size != 8 {
		x.e.SlotLen = uint8(size)
	}
}

// address is Rn or SP with an immediate offset, and an access of size bytes there.
func (x *a64Effects) address(mode uint8, offset, size int32, access uint8) {
	n := x.n()
	x.read(n)
	if mode != atOffset {
		x.write(n)
	}
	if n != r31ARM64 {
		return
	}
	if mode != atOffset {
		x.e.Stack = offset
	}
	if mode == postIndexed {
		offset = 0
	}
	x.slot(offset, size, access)
}

// vectorMemory is an access at Rn or SP whose size depends on the processor.
func (x *a64Effects) vectorMemory() { x.readOrSP(x.n()) }

// transfer notes that general registers are loaded or stored.
func (x *a64Effects) transfer(access, reg uint8) {
	if access&loads != 0 {
		x.write(reg)
	}
	if access&stores != 0 {
		x.read(reg)
	}
}

// accessOf is of a load or of a store, by the bit that tells them apart.
func (x *a64Effects) accessOf(load uint8) uint8 {
	if x.bits(load, 1) == 1 {
		return loads
	}
	return stores
}

// exclusive is "Load/store exclusive", ordered, and compare and swap.
func (x *a64Effects) exclusive() bool {
	size := int32(1) << x.bits(30, 2)
	access := x.accessOf(22)
	s, t, t2 := x.m(), x.d(), x.a()
	if x.bits(21, 1) == 0 { // LDXR, STXR; LDAR, STLR
		x.transfer(access, t)
		if access == stores && x.bits(23, 1) == 0 {
			x.write(s) // whether it succeeded
		}
		x.address(atOffset, 0, size, access)
		return true
	}
	if x.bits(23, 1) == 1 { // CAS
		x.both(s)
		x.read(t)
		x.address(atOffset, 0, size, loads|stores)
		return t2 == 31
	}
	if x.bits(31, 1) == 1 { // LDXP, STXP
		x.transfer(access, t)
		x.transfer(access, t2)
		if access == stores {
			x.write(s)
		}
		x.address(atOffset, 0, 2*size, access)
		return true
	}
	x.both(s) // CASP
	x.both(next(s))
	x.read(t)
	x.read(next(t))
	x.address(atOffset, 0, 8*size, loads|stores)
	return t2 == 31 && s&1 == 0 && t&1 == 0
}

// unprivileged is the same of FEAT_LSUI: LDTXR, STTXR, CAST, CASPT.
func (x *a64Effects) unprivileged() bool {
	swaps, log := x.bits(23, 1) == 1, x.bits(30, 2)
	if x.bits(21, 1) == 1 || x.a() != 31 || log == 0 || swaps && log == 2 {
		return false
	}
	s, t := x.m(), x.d()
	switch {
	case !swaps:
		access := x.accessOf(22)
		x.transfer(access, t)
		if access == stores {
			x.write(s)
		}
		x.address(atOffset, 0, 1<<log, access)
		return log > 1
	case log == 3: // CAST
		x.both(s)
		x.read(t)
		x.address(atOffset, 0, 8, loads|stores)
		return true
	}
	x.both(s) // CASPT
	x.both(next(s))
	x.read(t)
	x.read(next(t))
	x.address(atOffset, 0, 16, loads|stores)
	return s&1 == 0 && t&1 == 0
}

// pair is "Load/store pair" and STGP; opc 3 is that of FEAT_LSUI.
func (x *a64Effects) pair(isVector bool) bool {
	opc, mode := x.bits(30, 2), x.bits(23, 2)
	access := x.accessOf(22)
	size := min(int32(4)<<opc, 16)
	if !isVector {
		x.transfer(access, x.d())
		x.transfer(access, x.a())
		switch opc {
		case 1: // LDPSW; STGP, whose offset counts granules of 16 bytes
			if mode == 0 {
				return false
			}
			if access == stores {
				x.address([...]uint8{atOffset, postIndexed, atOffset, preIndexed}[mode], x.signed(15, 7)*16, 16, access)
				return true
			}
			size = 4
		case 2, 3:
			size = 8
		}
	}
	x.address([...]uint8{atOffset, postIndexed, atOffset, preIndexed}[mode], x.signed(15, 7)*size, 2*size, access)
	return true
}

// single is "Load/store register" in all its forms, and atomic operations.
func (x *a64Effects) single(isVector bool) bool {
	if x.is(0x0120_0000, 0x0020_0000) {
		switch {
		case x.bits(10, 2) == 0 && isVector: // LDFADD and its kin
			x.address(atOffset, 0, 1<<x.bits(30, 2), loads|stores)
			return x.bits(12, 3) == 0 || x.bits(12, 3) > 3
		case x.bits(10, 2) == 0:
			return x.atomic()
		case x.bits(10, 1) == 1: // LDRAA, LDRAB
			mode := uint8(x.bits(11, 1)) // pre-indexed or not
			x.write(x.d())
			x.address(mode, x.bit22()<<12|int32(x.bits(12, 9))<<3, 8, loads)
			return !isVector && x.bits(30, 2) == 3
		}
	}
	access, size, prefetch, ok := x.transfers(isVector)
	if !ok {
		return false
	}
	if !isVector && !prefetch {
		x.transfer(access, x.d())
	}
	switch {
	case x.bits(24, 1) == 1:
		x.address(atOffset, int32(x.bits(10, 12))*size, size, access)
	case x.bits(21, 1) == 1: // register offset
		x.readOrSP(x.n())
		x.read(x.m())
		return x.bits(14, 1) == 1
	default:
		mode := [...]uint8{atOffset, postIndexed, atOffset, preIndexed}[x.bits(10, 2)]
		x.address(mode, x.signed(12, 9), size, access)
		unprivileged := x.bits(10, 2) == 2
		return !(unprivileged && isVector) && !(prefetch && x.bits(10, 2) != 0)
	}
	return true
}

// bit22 is the sign of the offset of LDRAA: -1 or 0.
func (x *a64Effects) bit22() int32 { return x.signed(22, 1) }

// transfers is what a load or store of one register does, by its size and opc.
func (x *a64Effects) transfers(isVector bool) (access uint8, size int32, prefetch, ok bool) {
	log, opc := x.bits(30, 2), x.bits(22, 2)
	size = 1 << log
	if isVector {
		if opc > 1 {
			return x.accessOf(22), 16, false, log == 0
		}
		return x.accessOf(22), size, false, true
	}
	switch {
	case opc == 0:
		return stores, size, false, true
	case opc == 2 && log == 3:
		return 0, size, true, true
	}
	return loads, size, false, opc != 3 || log < 2
}

// atomic is "Atomic memory operations": LDADD, SWP and their kin, LDAPR, LD64B.
func (x *a64Effects) atomic() bool {
	size := int32(1) << x.bits(30, 2)
	s, t := x.m(), x.d()
	op, ordered := x.bits(12, 4), x.bits(22, 2)
	if op == 0b1100 && ordered == 2 && s == 31 { // LDAPR
		x.write(t)
		x.address(atOffset, 0, size, loads)
		return true
	}
	if op > 8 && size == 8 && ordered == 0 {
		return x.block(op, s, t)
	}
	x.read(s)
	x.write(t)
	x.address(atOffset, 0, size, loads|stores)
	return op <= 8 || op < 12 && size < 4 // LDADD to LDUMIN, SWP; RCWCLR, RCWSWP, RCWSET
}

// block is LD64B, ST64B, ST64BV and ST64BV0: eight registers from Rt on.
func (x *a64Effects) block(op uint32, s, t uint8) bool {
	access := uint8(stores)
	switch op {
	case 0b1101:
		access = loads
	case 0b1001:
	case 0b1010, 0b1011:
		x.write(s)
	default:
		return false
	}
	if t > 22 || t&1 == 1 || s != 31 && op&2 == 0 {
		return false
	}
	for i := range uint8(8) {
		x.transfer(access, t+i)
	}
	x.address(atOffset, 0, 64, access)
	return true
}

// atomic128 is LDCLRP, LDSETP, SWPP, RCWCAS and their kin, and the unprivileged
// atomics of FEAT_LSUI.
func (x *a64Effects) atomic128() bool {
	m, t := x.m(), x.d()
	op := x.bits(12, 4)
	size := int32(16)
	switch x.bits(10, 2) {
	case 0: // LDCLRP, LDSETP, SWPP; RCWCLRP, RCWSWPP, RCWSETP
		x.both(t)
		x.both(m)
		if op != 1 && op != 3 && op != 8 || x.bits(30, 1) == 1 {
			if op < 9 || op > 11 {
				return false
			}
		}
	case 1: // LDTADD, LDTCLR, LDTSET, SWPT
		x.read(m)
		x.write(t)
		size = 8
		if op != 0 && op != 1 && op != 3 && op != 8 {
			return false
		}
	case 2: // RCWCAS
		x.both(m)
		x.read(t)
		size = 8
		if op != 0 {
			return false
		}
	case 3: // RCWCASP
		x.both(m)
		x.both(next(m))
		x.read(t)
		x.read(next(t))
		if op != 0 || m&1 == 1 || t&1 == 1 {
			return false
		}
	}
	x.address(atOffset, 0, size, loads|stores)
	return true
}

// tags is "Load/store memory tags". What they do to a slot isn't told.
func (x *a64Effects) tags() bool {
	opc, mode := x.bits(22, 2), x.bits(10, 2)
	x.e.Frame = x.n() == r31ARM64
	if mode != 0 { // STG, STZG, ST2G, STZ2G
		x.read(x.d())
		x.address([...]uint8{0, postIndexed, atOffset, preIndexed}[mode], x.signed(12, 9)*16, 16, 0)
		return true
	}
	x.address(atOffset, 0, 16, 0)
	switch opc {
	case 0, 2: // STZGM, STGM
		x.read(x.d())
	case 1: // LDG: the tag only
		x.both(x.d())
		return true
	case 3: // LDGM
		x.write(x.d())
	}
	return x.bits(12, 9) == 0
}

// recent is what came later: LDAPUR and STLUR, LDIAPP and STILP, memory copies, the
// guarded control stack.
func (x *a64Effects) recent(isVector bool) bool {
	switch kind := x.bits(10, 2); {
	case kind == 1: // CPY, SET
		return x.bits(30, 2) == 0 && x.copies()
	case kind == 0 && !isVector, kind == 2 && isVector: // LDAPUR, STLUR
		access, size, prefetch, ok := x.transfers(isVector)
		if !isVector {
			x.transfer(access, x.d())
		}
		x.address(atOffset, x.signed(12, 9), size, access)
		return ok && !prefetch
	case kind == 2:
		return x.orderedPair()
	case x.is(0xffff_ec00, 0xd91f_0c00): // GCSSTR, GCSSTTR
		x.read(x.d())
		x.address(atOffset, 0, 8, stores)
		return true
	}
	return false
}

// copies is CPYF, CPY, SET and SETG: all advance their registers, but the one with
// the byte that SET writes.
func (x *a64Effects) copies() bool {
	x.both(x.d())
	x.both(x.n())
	x.read(x.m())
	if x.bits(22, 2) != 3 {
		x.write(x.m())
		return true
	}
	return x.bits(14, 2) != 3
}

// orderedPair is LDIAPP, STILP, and LDAPR and STLR with writeback.
func (x *a64Effects) orderedPair() bool {
	size := int32(1) << x.bits(30, 2)
	access := x.accessOf(22)
	mode, offset := uint8(preIndexed), -size
	if access == loads {
		mode, offset = postIndexed, size
	}
	x.transfer(access, x.d())
	if x.bits(23, 1) == 1 { // LDAPR, STLR
		x.address(mode, offset, size, access)
		return x.is(0x801f_f000, 0x8000_0000)
	}
	x.transfer(access, x.m())
	if x.bits(12, 1) == 1 {
		mode, offset = atOffset, 0
	}
	x.address(mode, 2*offset, 2*size, access)
	return x.is(0x8000_e000, 0x8000_0000)
}

// structures is "Advanced SIMD load/store structures": LD1 to LD4, LD1R to LD4R and
// the stores, whose register offset is added to Rn behind the access.
func (x *a64Effects) structures() bool {
	var size int32
	op, post := x.bits(12, 4), x.bits(23, 1) == 1
	if x.bits(24, 1) == 0 {
		registers := [16]int32{0: 4, 2: 4, 4: 3, 6: 3, 7: 1, 8: 2, 10: 2}[op]
		size = registers * 8 << x.bits(30, 1)
		if registers == 0 || x.bits(21, 1) == 1 {
			return false
		}
	} else {
		size = int32(op>>1&1<<1|x.bits(21, 1)) + 1 // structures of so many elements
		switch op >> 2 {
		case 1:
			size *= 2
		case 2:
			size *= 4 << x.bits(10, 1)
		case 3:
			size <<= x.bits(10, 2)
		}
	}
	access, m := x.accessOf(22), x.m()
	switch {
	case x.bits(31, 1) == 1:
		return false
	case post && m == 31:
		x.address(postIndexed, size, size, access)
	case post:
		x.address(postIndexed, 0, size, access)
		x.read(m)
		x.e.Frame = x.n() == r31ARM64
	default:
		x.address(atOffset, 0, size, access)
		return m == 0 || x.is(0xbfbf_fc00, 0x0d01_8400) // LDAP1, STL1
	}
	return true
}
