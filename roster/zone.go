package roster

import (
	"regexp"
	"strconv"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
)

var utcOffset = regexp.MustCompile(`>\s*(?:Z|([+-])(\d\d):(\d\d))\s*<`)

// Zone is jid's time zone as some group knows it, nil if none does: that which
// his device told (XEP-0202). It is for his own words only.
func (r *Roster) Zone(jid string) *time.Location {
	for _, g := range r.memberships(jid) {
		if z := g.zone(jid); z != nil {
			return z
		}
	}
	return nil
}

func (g *Group) zone(jid string) *time.Location {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if m == nil || m.published == nil {
		return nil
	}
	f := utcOffset.FindStringSubmatch(m.published.text[slotOf(policy.Timezone)])
	switch {
	case f == nil:
		return nil
	case f[1] == "":
		return time.UTC
	}
	h, _ := strconv.Atoi(f[2])
	min, _ := strconv.Atoi(f[3])
	seconds := (h*60 + min) * 60
	if f[1] == "-" {
		seconds = -seconds
	}
	return time.FixedZone("", seconds)
}
