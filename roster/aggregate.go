package roster

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// The aggregate rule says when the group as a contact is there: when anybody
// is, when so many are, or when somebody with a certain role is ("support is
// open when someone on duty is there"). It is always worked out from what the
// watcher may see: a role counts only for who sees it.
type aggregate struct {
	quorum int    // of available members; 0 or 1 = any
	role   string // "" = whoever
}

func parseAggregate(s string) (a aggregate, err error) {
	kind, arg, _ := strings.Cut(s, ":")
	switch {
	case s == "", s == "any":
		return a, nil
	case kind == "quorum":
		if a.quorum, err = strconv.Atoi(arg); err == nil && a.quorum > 0 && a.quorum <= MaxMembers {
			return a, nil
		}
	case kind == "role" && word("aggregate", arg) == nil:
		a.role = arg
		return a, nil
	}
	return a, invalid("aggregate", "%q is none of any, quorum:N, role:X", s)
}

// show is the availability of the group for who sees the summary s, or the
// members under masks.
func (g *Group) show(s *Summary, mask func(*member) policy.Mask) Show {
	switch {
	case g.aggregate.role != "":
		return g.roleShow(mask)
	case s.Available < g.aggregate.quorum:
		return Offline
	case s.Chat > 0:
		return Chat
	case s.Available > s.Away+s.XA+s.DND:
		return Online
	case s.DND > 0:
		return DND
	case s.Away > 0:
		return Away
	case s.XA > 0:
		return XA
	}
	return Offline
}

// roleShow is that of the most available member with the role.
func (g *Group) roleShow(mask func(*member) policy.Mask) Show {
	best := Offline
	for _, m := range g.sorted {
		if !m.isAvailable() || !slices.Contains(m.Roles, g.aggregate.role) {
			continue
		}
		switch seen := mask(m); {
		case !seen.Has(policy.Basic | policy.Availability):
		case seen.Has(policy.Show):
			best = max(best, m.show)
		default:
			best = max(best, Online)
		}
	}
	return best
}
