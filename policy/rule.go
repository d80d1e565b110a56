package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Class is the sort of people a rule speaks of. The line comment is the form
// on the wire.
type Class uint8

// The classes.
const (
	Members   Class = iota // members
	Outsiders              // outsiders
	Everyone               // everyone
	Role                   // role:X
	JID                    // jid:X
	Domain                 // domain:X
)

var classes = [...]string{"members", "outsiders", "everyone", "role:", "jid:", "domain:"}

// Who is whom a rule speaks of: a class and, for the last three, a name.
type Who struct {
	Class Class
	Name  string
}

// ParseWho reads the wire form.
func ParseWho(s string) (Who, error) {
	for c, form := range classes {
		name, ok := strings.CutPrefix(s, form)
		if !ok {
			continue
		}
		if needsName := Class(c) >= Role; needsName == (name != "") {
			return Who{Class(c), name}, nil
		}
	}
	return Who{}, fmt.Errorf("%q is none of members, outsiders, everyone, role:X, jid:X, domain:X", s)
}

func (w Who) String() string { return classes[w.Class] + w.Name }

func (w Who) matches(x *Watcher) bool {
	switch w.Class {
	case Members:
		return x.Member
	case Outsiders:
		return !x.Member
	case Everyone:
		return true
	case Role:
		return x.Member && slices.Contains(x.Roles, w.Name)
	case JID:
		return x.JID != "" && x.JID == w.Name
	case Domain:
		return x.JID != "" && domain(x.JID) == w.Name
	}
	return false
}

func domain(bare string) string { return bare[strings.IndexByte(bare, '@')+1:] }

// Rule grants attributes to whom it speaks of, while it is valid.
type Rule struct {
	Who         Who
	Attributes  Mask
	Except      Mask
	From, Until time.Time // zero = no bound; valid in [From, Until)
}

// Matches says whether the rule speaks of w, and is valid now.
func (r *Rule) Matches(w *Watcher, now time.Time) bool { return r.Who.matches(w) && r.valid(now) }

func (r *Rule) valid(now time.Time) bool {
	return (r.From.IsZero() || !now.Before(r.From)) && (r.Until.IsZero() || now.Before(r.Until))
}

// Authorization is what a member lets others see.
type Authorization struct {
	Share bool     // false: not even subscribed to, nothing held
	Hide  []string // bare JIDs that always see him offline
	Rules []Rule
}

// Default is the policy of who set none: members see all but location and
// addresses, outsiders nothing.
func Default() Authorization {
	return Authorization{Share: true, Rules: []Rule{
		{Who: Who{Class: Members}, Attributes: All, Except: Location | Addresses},
	}}
}

// Clone copies a so that nothing is shared.
func (a *Authorization) Clone() Authorization {
	return Authorization{Share: a.Share, Hide: slices.Clone(a.Hide), Rules: slices.Clone(a.Rules)}
}

// Grants is the union of the rules that match w now (RFC 4745 §10.2), floor
// applied. It knows nothing of share and hide.
func (a *Authorization) Grants(now time.Time, w *Watcher) Mask {
	return a.union(now, w).Closed()
}

// union is the same without the floor: what stands on it may come of another
// rule.
func (a *Authorization) union(now time.Time, w *Watcher) Mask {
	var m Mask
	for i := range a.Rules {
		if r := &a.Rules[i]; r.Matches(w, now) {
			m |= r.Attributes &^ r.Except
		}
	}
	if m &= All; m&Availability != 0 {
		m |= Counted
	}
	return m
}

// Wanted is the union of all that some rule may grant somebody from now on:
// what is worth asking the member's server for.
func (a *Authorization) Wanted(now time.Time) Mask {
	var m Mask
	if !a.Share {
		return 0
	}
	for i := range a.Rules {
		if r := &a.Rules[i]; r.Until.IsZero() || now.Before(r.Until) {
			m |= r.Attributes &^ r.Except
		}
	}
	return (m & All).Closed()
}

// Singles calls f for each JID and each domain ("@" + domain) that hide or a
// rule names: those for whom the decision may be an exception.
func (a *Authorization) Singles(f func(string)) {
	for _, j := range a.Hide {
		f(j)
	}
	for i := range a.Rules {
		switch w := a.Rules[i].Who; w.Class {
		case JID:
			f(w.Name)
		case Domain:
			f("@" + w.Name)
		}
	}
}

// Roles calls f for each role that a rule names.
func (a *Authorization) Roles(f func(string)) {
	for i := range a.Rules {
		if w := a.Rules[i].Who; w.Class == Role {
			f(w.Name)
		}
	}
}

// Next is the next moment after now at which a rule begins or ends; zero if
// there is none.
func (a *Authorization) Next(now time.Time) time.Time {
	var next time.Time
	for i := range a.Rules {
		for _, t := range [2]time.Time{a.Rules[i].From, a.Rules[i].Until} {
			if t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next
}
