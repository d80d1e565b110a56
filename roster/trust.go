package roster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// A member may let others, programs such as a calendar or what a telephone
// network runs, say something on his behalf. He names them himself, for each
// group, and says about what; nobody else can, whatever his power. What they may
// say then is in report.go.

// Reportable is what can be said on a member's behalf.
const Reportable = policy.Connection | policy.Status | policy.Activity | policy.Willingness

// Trust is whom a member lets speak for him.
type Trust struct {
	Bot string      // bare JID: of a user, or of a server or component
	May policy.Mask // some of [Reportable]
}

// Bounds of whom a member trusts in one group.
const (
	MaxTrusts = 4
	MaxBot    = 128 // bytes of an address
)

// Trusts is what bot, a bare JID, may say on member's behalf now; 0: nothing,
// or there is no such member.
func (g *Group) Trusts(member, bot string) policy.Mask {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.live(member).trusts(bot)
}

func (m *member) trusts(bot string) policy.Mask {
	if m == nil || m.words == nil {
		return 0
	}
	for _, t := range m.words.trusts {
		if t.Bot == bot {
			return t.May
		}
	}
	return 0
}

// Trusted lists whom jid lets speak for him, by address. ErrNoMember, ErrNoGroup.
func (g *Group) Trusted(jid string) ([]Trust, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, err := g.speaker(jid)
	if err != nil || m.words == nil {
		return nil, err
	}
	return slices.Clone(m.words.trusts), nil
}

// Trust lets jid change whom he lets speak for him. What somebody said who may
// not any more ends at once. InvalidError, ErrNoMember, ErrNoGroup.
func (g *Group) Trust(ctx context.Context, jid string, edit func([]Trust) ([]Trust, error)) error {
	return g.rephrase(ctx, jid, func(m *member, w *speech) error {
		all, err := edit(slices.Clone(w.trusts))
		if err != nil {
			return err
		}
		if err := validateTrusts(jid, all); err != nil {
			return err
		}
		w.trusts = all
		w.unreport()
		return nil
	})
}

// validateTrusts brings them into order.
func validateTrusts(member string, all []Trust) error {
	slices.SortFunc(all, func(a, b Trust) int { return cmp.Compare(a.Bot, b.Bot) })
	if len(all) > MaxTrusts {
		return invalid("trust", "at most %d", MaxTrusts)
	}
	for i, t := range all {
		switch {
		case t.Bot == member:
			return invalid("trust.jid", "%s is yourself", t.Bot)
		case i > 0 && all[i-1].Bot == t.Bot:
			return invalid("trust.jid", "%s is named twice", t.Bot)
		case t.May == 0 || t.May&^Reportable != 0:
			return invalid("trust.may", "is some of: %s", Reportable)
		}
		if err := validateBot(t.Bot); err != nil {
			return err
		}
	}
	return nil
}

// validateBot says whether s is a bare JID as servers stamp it.
func validateBot(s string) error {
	j, err := jid.Parse(s)
	switch {
	case len(s) > MaxBot:
		return invalid("trust.jid", "has %d bytes, at most %d", len(s), MaxBot)
	case err != nil, j.Resourcepart() != "", strings.ContainsAny(s, " \n"):
		return invalid("trust.jid", "%q is no JID", s)
	case j.String() != s:
		return invalid("trust.jid", "%q must be written %q", s, j)
	}
	return nil
}

// validateWords says whether what a member said, and whom he trusts, can be
// read.
func (m *MemberRecord) validateWords() error {
	if _, err := parseSaid(m.Said); err != nil {
		return err
	}
	_, err := parseTrusts(m.JID, m.Trusts)
	return err
}

// formatTrusts is their text form: an address and the words, a line for each.
func formatTrusts(all []Trust) string {
	var b strings.Builder
	for _, t := range all {
		fmt.Fprintf(&b, "%s %s\n", t.Bot, t.May)
	}
	return b.String()
}

func parseTrusts(member, text string) (all []Trust, err error) {
	for line := range strings.Lines(text) {
		bot, may, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		mask, err := policy.ParseMask(may)
		if err != nil {
			return nil, invalid("trusts", "%v", err)
		}
		all = append(all, Trust{bot, mask})
	}
	return all, validateTrusts(member, all)
}
