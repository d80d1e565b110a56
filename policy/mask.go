package policy

import (
	"fmt"
	"math/bits"
	"strings"
)

// Mask is a set of the words that can be seen of a member.
type Mask uint32

// The presence attributes, in the order of the contract, and above them the
// three words about the member himself. The line comment is the wire name.
const (
	Counted      Mask = 1 << iota // counted
	Availability                  // availability
	Connection                    // connection
	Show                          // show
	Status                        // status
	Devices                       // devices
	Idle                          // idle
	Capabilities                  // capabilities
	Mood                          // mood
	Activity                      // activity
	Tune                          // tune
	Interests                     // interests
	Language                      // language
	Location                      // location
	Nickname                      // nickname
	Avatar                        // avatar
	Timezone                      // timezone
	Addresses                     // addresses
	Willingness                   // willingness

	// All is every presence attribute of today; it is expanded when a policy
	// is set, so that an upgrade adds nothing to a stored one.
	All = Willingness<<1 - 1

	// Enrolled says that the member is one of those counted as members. It is
	// apart from Counted so that hiding from somebody who may only count is
	// like being offline.
	Enrolled Mask = 1 << 29
	// Basic says that the item carries nick, roles and attributes.
	Basic Mask = 1 << 30
	// Named says that the member has an item.
	Named Mask = 1 << 31
)

// member is what is left of a member who looks offline.
const member = Named | Basic | Enrolled

// Words is how many presence attributes there are.
const Words = 19

var words = [Words]string{"counted", "availability", "connection", "show", "status", "devices", "idle",
	"capabilities", "mood", "activity", "tune", "interests", "language", "location", "nickname",
	"avatar", "timezone", "addresses", "willingness"}

// Closed applies the floor: what is left of m when availability implies
// counted and everything else needs availability. The words about the member
// himself stay.
func (m Mask) Closed() Mask {
	if m&Availability != 0 {
		return m | Counted
	}
	return m & (Counted | member)
}

// Has says whether all of w is in m.
func (m Mask) Has(w Mask) bool { return m&w == w }

// ParseMask reads a space-separated list of attribute words; "all" stands
// for today's words.
func ParseMask(s string) (Mask, error) {
	var m Mask
next:
	for _, f := range strings.Fields(s) {
		if f == "all" {
			m |= All
			continue
		}
		for i, w := range words {
			if f == w {
				m |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("unknown presence attribute %q", f)
	}
	return m, nil
}

// String lists the words of m in the order of the contract; what is not a
// presence attribute is left out.
func (m Mask) String() string {
	var b strings.Builder
	for r := m & All; r != 0; r &= r - 1 {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[bits.TrailingZeros32(uint32(r))])
	}
	return b.String()
}
