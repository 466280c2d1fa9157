package finding

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"msigate/gateway/policy"
)

// A member of a rollup is a finding: 40 bits of its host's hash, 10 of its
// uid's, and 4 for how bad it is. With 100,000 hosts, two share a hash once in
// 200 times; two findings of one host in one group once in 1,024, and then
// they count as one. What that gets wrong is mended when either is told again.
const (
	hostBits  = 40
	uidBits   = 10
	gradeBits = 4
	keyBits   = hostBits + uidBits
)

// members are the findings of a group.
type members struct {
	list   []uint64 // sorted; no two with the same host and uid
	hosts  int      // different ones
	grades [1 << gradeBits]int
}

func memberKey(host, uid string) uint64 {
	h, u := sha256.Sum256([]byte(host)), sha256.Sum256([]byte(uid))
	return binary.BigEndian.Uint64(h[:])>>(64-hostBits)<<uidBits | binary.BigEndian.Uint64(u[:])>>(64-uidBits)
}

// severities is how many there are, the unknown one included.
const severities = 6

// gradeCode orders the grades that are rolled up, from 0.
func gradeCode(g Grade) uint64 {
	return uint64((rank(g.Disposition)-rank(policy.Review))*severities + severityID(g.Severity))
}

func codeGrade(code int) Grade {
	disposition := policy.Review
	if code >= severities {
		disposition = policy.Alert
	}
	return Grade{disposition, []policy.Severity{"", policy.Informational, policy.Low, policy.Medium, policy.High, policy.Critical}[code%severities]}
}

func (m *members) find(key uint64) (int, bool) {
	return slices.BinarySearchFunc(m.list, key, func(one, key uint64) int {
		switch one >>= gradeBits; {
		case one < key:
			return -1
		case one > key:
			return 1
		}
		return 0
	})
}

func (m *members) has(host, uid string) bool {
	_, ok := m.find(memberKey(host, uid))
	return ok
}

// put counts a finding as bad as it is now, and tells whether it is new.
func (m *members) put(host, uid string, g Grade) bool {
	key, code := memberKey(host, uid), gradeCode(g)
	at, known := m.find(key)
	m.grades[code]++
	if known {
		m.grades[m.list[at]&(1<<gradeBits-1)]--
		m.list[at] = key<<gradeBits | code
		return false
	}
	if !m.neighbour(at, key) {
		m.hosts++
	}
	m.list = slices.Insert(m.list, at, key<<gradeBits|code)
	return true
}

func (m *members) remove(host, uid string) bool {
	key := memberKey(host, uid)
	at, known := m.find(key)
	if !known {
		return false
	}
	m.grades[m.list[at]&(1<<gradeBits-1)]--
	m.list = slices.Delete(m.list, at, at+1)
	if !m.neighbour(at, key) {
		m.hosts--
	}
	return true
}

// neighbour reports whether a member before or at a place is of the key's host.
func (m *members) neighbour(at int, key uint64) bool {
	for _, i := range [...]int{at - 1, at} {
		if i >= 0 && i < len(m.list) && m.list[i]>>(gradeBits+uidBits) == key>>uidBits {
			return true
		}
	}
	return false
}

// worst is the worst grade of any member.
func (m *members) worst() Grade {
	for code := 2*severities - 1; code >= 0; code-- {
		if m.grades[code] > 0 {
			return codeGrade(code)
		}
	}
	return Grade{}
}

// count is how many members have a disposition.
func (m *members) count(d policy.Disposition) int {
	n := 0
	for code := range 2 * severities {
		if codeGrade(code).Disposition == d {
			n += m.grades[code]
		}
	}
	return n
}
