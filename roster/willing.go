package roster

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Willing says whether a member is willing to communicate by an application, or
// at all.
type Willing struct {
	App    string    `json:"app,omitempty"` // "" = communication as such; an application overrides it
	No     bool      `json:"no,omitempty"`
	Until  time.Time `json:"until,omitzero"` // in UTC, whole seconds; zero = until he says something else
	Source string    `json:"-"`              // who said so on his behalf; "" = he himself
}

// Bounds of what is held of one member.
const (
	MaxWilling = 8  // applications in one saying
	MaxApp     = 32 // bytes of an application
	maxShown   = 16 // of all together
)

// lapse is for how long what has ended is still held: a clock that is set back
// makes the end undone.
const lapse = time.Hour

var application = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]*$`)

// speech is what is held of what a member, and others on his behalf, said.
// Guarded by Group.mu. Lists are replaced, never changed.
type speech struct {
	said
	published []Willing // what he publishes at his server, or a peer tells of him: not stored
	told      []Report  // what a peer tells that others said on his behalf: not stored
	trusts    []Trust

	shown shown // of all that, what counts now
}

// said is the part of it that is stored: [MemberRecord.Said] is its JSON.
type said struct {
	Here    []Willing `json:"here,omitempty"` // to this group
	All     []Willing `json:"all,omitempty"`  // for all his groups
	Reports []Report  `json:"reports,omitempty"`
}

// shown is what others may see of it.
type shown struct {
	willing          []Willing // by application
	status, activity reported
}

func (s *said) String() string {
	if len(s.Here)+len(s.All)+len(s.Reports) == 0 {
		return ""
	}
	b, _ := json.Marshal(s) // cannot fail: strings, booleans, times of four digits a year
	return string(b)
}

// parseSaid reads what is stored, and checks it.
func parseSaid(text string) (s said, err error) {
	if text == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return said{}, invalid("said", "%v", err)
	}
	for _, list := range [][]Willing{s.Here, s.All} {
		if err := validateWilling(list); err != nil {
			return said{}, err
		}
	}
	if len(s.Reports) > MaxTrusts {
		return said{}, invalid("said", "at most %d", MaxTrusts)
	}
	for i := range s.Reports {
		if err := cmp.Or(validateBot(s.Reports[i].Bot), s.Reports[i].validate()); err != nil {
			return said{}, err
		}
	}
	return s, nil
}

// validateWilling brings them into order.
func validateWilling(all []Willing) error {
	slices.SortFunc(all, byApp)
	if len(all) > MaxWilling {
		return invalid("willing", "at most %d", MaxWilling)
	}
	for i, w := range all {
		switch {
		case len(w.App) > MaxApp, w.App != "" && !application.MatchString(w.App):
			return invalid("willing.app", "%q is no word of small letters, digits and -._+, of at most %d bytes", w.App[:min(len(w.App), MaxApp)], MaxApp)
		case i > 0 && all[i-1].App == w.App:
			return invalid("willing.app", "%q is given twice", w.App)
		case !w.Until.IsZero() && (w.Until.Year() < 1970 || w.Until.Year() > 9999):
			return invalid("willing.until", "is no time that anybody lives to see")
		}
		all[i].Until = w.Until.UTC().Truncate(time.Second)
	}
	return nil
}

func byApp(a, b Willing) int { return cmp.Compare(a.App, b.App) }

// over says whether something that ends at until has.
func over(until, now time.Time) bool { return !until.IsZero() && !until.After(now) }

// combine is what counts now. Of each application the word to this group wins
// over that for all groups, that over what he publishes, and his own words over
// what is said for him; to that, his own word on communication as such is one
// on all applications. Of what is said for him the latest counts.
func (w *speech) combine(now time.Time) (s shown) {
	add := func(x Willing, source string) {
		taken := func(y Willing) bool { return y.App == x.App }
		if over(x.Until, now) || len(s.willing) == maxShown || slices.ContainsFunc(s.willing, taken) {
			return
		}
		x.Source = source
		s.willing = append(s.willing, x)
	}
	for _, list := range [...][]Willing{w.Here, w.All, w.published} {
		for _, x := range list {
			add(x, x.Source)
		}
	}
	his := slices.ContainsFunc(s.willing, func(x Willing) bool { return x.App == "" && x.Source == "" })
	for _, r := range slices.Backward(slices.Concat(w.told, w.Reports)) {
		if over(r.Until, now) {
			continue
		}
		for _, x := range r.Willing {
			if x.Until = r.Until; !his {
				add(x, r.Bot)
			}
		}
		by := &Source{r.Bot, r.Until}
		if r.Status != "" && s.status.by == nil {
			s.status = reported{r.Status, by}
		}
		if r.Activity != "" && s.activity.by == nil {
			s.activity = reported{r.Activity, by}
		}
	}
	slices.SortFunc(s.willing, byApp)
	return s
}

// forget drops what mask does not have, and what ended long ago.
func (w *speech) forget(mask policy.Mask, now time.Time) {
	gone := func(x Willing) bool {
		return mask&policy.Willingness == 0 || over(x.Until.Add(lapse), now) && !x.Until.IsZero()
	}
	keep := func(list []Willing) []Willing {
		if !slices.ContainsFunc(list, gone) {
			return list
		}
		return slices.DeleteFunc(slices.Clone(list), gone)
	}
	w.Here, w.All, w.published = keep(w.Here), keep(w.All), keep(w.published)
	w.Reports, w.told = stillHeld(w.Reports, mask, now), stillHeld(w.told, mask, now)
}

func stillHeld(all []Report, mask policy.Mask, now time.Time) (left []Report) {
	for _, r := range all {
		if r = r.only(mask); r.what() != 0 && !over(r.Until.Add(lapse), now) {
			left = append(left, r)
		}
	}
	return left
}

// turns is the next moment at which something ends, or is to be forgotten.
func (w *speech) turns(now time.Time) (next time.Time) {
	at := func(until time.Time) {
		if until.IsZero() {
			return
		}
		if over(until, now) {
			until = until.Add(lapse)
		}
		if next.IsZero() || until.Before(next) {
			next = until
		}
	}
	for _, list := range [...][]Willing{w.Here, w.All, w.published} {
		for _, x := range list {
			at(x.Until)
		}
	}
	for _, list := range [...][]Report{w.Reports, w.told} {
		for _, r := range list {
			at(r.Until)
		}
	}
	return next
}

// differs says of which kinds s shows something else than o.
func (s *shown) differs(o *shown) (kinds policy.Mask) {
	if !slices.Equal(s.willing, o.willing) {
		kinds |= policy.Willingness
	}
	if !s.status.equal(&o.status) {
		kinds |= policy.Status
	}
	if !s.activity.equal(&o.activity) {
		kinds |= policy.Activity
	}
	return kinds
}

// reword puts in force what counts of m's words by now, and lets those know who
// may see it.
func (g *Group) reword(m *member) {
	delete(g.spoken, m)
	w, now := m.words, g.now()
	if w == nil {
		return
	}
	was := w.shown
	w.forget(m.keeps, now)
	w.shown = w.combine(now)
	if t := w.turns(now); !t.IsZero() {
		put(&g.spoken, m, t)
		if now.After(g.latest) {
			g.latest = now
		}
	}
	if w.String() != m.papers().Said {
		g.resaid.add(m)
	}
	if changed := m.visibly(w.shown.differs(&was)); changed != 0 {
		g.changed(m, changed)
	}
	if w.empty() {
		m.words = nil
	}
}

// lapsed lets go of what has ended meanwhile; all says that the clock was set
// back, so that anything may be otherwise.
func (g *Group) lapsed(all bool) {
	now := g.now()
	var due []*member
	for m, t := range g.spoken {
		if all || !t.After(now) {
			due = append(due, m)
		}
	}
	for _, m := range due {
		g.reword(m)
	}
}

func (w *speech) empty() bool {
	return w.String() == "" && len(w.trusts)+len(w.published)+len(w.told) == 0
}

// visibly is what of kinds is not hidden behind what m's devices, and what he
// publishes, say.
func (m *member) visibly(kinds policy.Mask) policy.Mask {
	if !m.isAvailable() {
		return 0
	}
	if m.status != "" {
		kinds &^= policy.Status
	}
	if m.published != nil {
		kinds &^= m.published.held
	}
	return kinds
}

// speaks says which kinds m's words have something to show of.
func (m *member) speaks() (kinds policy.Mask) {
	if m.words == nil {
		return 0
	}
	return m.words.shown.differs(&shown{})
}

// speak fills it with what mask shows of m's words: where he says something
// himself, nothing is said for him.
func (m *member) speak(it *Item, mask policy.Mask) {
	if m.words == nil {
		return
	}
	s := &m.words.shown
	if leaks() {
		mask |= Reportable
	}
	if mask&policy.Willingness != 0 {
		it.Willing = s.willing
	}
	if mask&policy.Status != 0 && m.status == "" && s.status.by != nil {
		it.Status, it.StatusBy = s.status.text, s.status.by
	}
	if i := slotOf(policy.Activity); mask&policy.Activity != 0 && it.Published[i] == "" && s.activity.by != nil {
		it.Published[i], it.ActivityBy = s.activity.text, s.activity.by
	}
}

// WillingTo says whether he does not say that he is not willing to communicate
// by app.
func (it *Item) WillingTo(app string) bool {
	willing := true
	for _, x := range it.Willing { // the general word stands first
		if x.App == "" || x.App == app {
			willing = !x.No
		}
	}
	return willing
}
