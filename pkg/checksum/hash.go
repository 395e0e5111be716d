// SPDX-License-Identifier: MIT

package checksum

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/zeebo/xxh3"
)

// Hash is the function that digests are made with.
type Hash uint8

const (
	// XXH3 is fast, and tells apart what builds differ in; it is not made against
	// somebody who looks for two functions of one digest. 128 bits.
	XXH3 Hash = iota
	// SHA256 is. 256 bits.
	SHA256
)

var hashes = [...]struct {
	name string
	size int
	sum  func(b []byte) Digest
}{
	XXH3: {"xxh3", 16, func(b []byte) (d Digest) {
		sum := xxh3.Hash128(b)
		binary.BigEndian.PutUint64(d[:], sum.Hi)
		binary.BigEndian.PutUint64(d[8:], sum.Lo)
		return d
	}},
	SHA256: {"sha256", 32, func(b []byte) Digest { return sha256.Sum256(b) }},
}

// HashByName is the hash of that name.
func HashByName(name string) (Hash, error) {
	for h := range hashes {
		if hashes[h].name == name {
			return Hash(h), nil
		}
	}
	return 0, fmt.Errorf("unknown hash %q: use xxh3 or sha256", name)
}

func (h Hash) String() string { return hashes[h].name }

// Size is that of a digest in bytes.
func (h Hash) Size() int { return hashes[h].size }

// Hex is a digest in hexadecimal digits.
func (h Hash) Hex(d *Digest) string { return hex.EncodeToString(d[:h.Size()]) }

func (h Hash) sum(b []byte) Digest { return hashes[h].sum(b) }

// Digest is a hash of as many bytes as its Hash has, in its canonical (XXH3:
// big-endian) byte order, and zero behind.
type Digest [32]byte

// short is 64 bits of a digest.
func (d *Digest) short() uint64 { return binary.BigEndian.Uint64(d[8:]) }
