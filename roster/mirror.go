package roster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Basic is the basic group information of a group that somebody else keeps:
// all of it, as it is there.
type Basic struct {
	Name        string // localpart of the group's JID here
	Title       string
	Description string
	Language    string
	Attributes  []Attribute
	Members     []BasicMember
	Hidden      bool // strangers must not learn from us that there is the group
}

// BasicMember is one member of it.
type BasicMember struct {
	JID         string // bare, normalised
	Nick        string
	Affiliation Affiliation // None = Plain or, if it is None of all members, for us to say
	Roles       []string
	Attributes  []Attribute
}

// MaxSource bounds the name of a source, in bytes.
const MaxSource = 64

// noShare is the policy of who wants to share nothing.
const noShare = "share no\n"

// Mirror makes a group what its source says it is: it is established, or what
// differs is changed, in one transaction of the store. A list that cannot be
// taken in is refused whole, and one that differs in nothing costs no write.
//
// What the source keeps is in b. All else is the group's and its members': the
// policies, what is granted, asked and subscribed to. Who is not in b leaves as
// by [Roster.RemoveMember]; if he had said no to being seen that is remembered,
// for a list may take him up again without anybody having asked him.
//
// InvalidError, ErrGroupExists if the name is that of a group of this service
// or of another source.
func (r *Roster) Mirror(ctx context.Context, source string, b *Basic) (changed bool, err error) {
	if err := word("source", source); err != nil {
		return false, err
	}
	rec, says := b.record(source)
	defer func() {
		if err == nil {
			r.SourceBack(source, b.Name)
		}
	}()
	for {
		g, err := r.editing(ctx, b.Name)
		switch {
		case err == nil:
			defer g.edit.Unlock()
			return g.mirror(ctx, source, rec, b.Hidden, says)
		case !errors.Is(err, ErrNoGroup):
			return false, err
		}
		// Somebody may establish a group of that name meanwhile: then it is looked
		// at once more, for it may be this source's.
		err = r.establish(ctx, rec, b.Hidden, says)
		if !errors.Is(err, ErrGroupExists) {
			return err == nil, err
		}
	}
}

// establish is CreateGroup for the group of a source.
func (r *Roster) establish(ctx context.Context, rec *GroupRecord, hidden, says bool) error {
	if err := r.noHooks(rec.Members); err != nil {
		return err
	}
	if err := r.CreateGroup(ctx, rec); err != nil {
		return err
	}
	g := r.Loaded([]byte(rec.Name))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hidden, g.powers = hidden, says
	return nil
}

// record is b as a group, its lists in order and nothing checked. says is
// whether b says what powers members have; then who is given none is a plain
// member.
func (b *Basic) record(source string) (rec *GroupRecord, says bool) {
	rec = &GroupRecord{Name: b.Name, Source: source, Settings: Settings{Title: b.Title, Description: b.Description,
		Language: b.Language, Attributes: slices.SortedFunc(slices.Values(b.Attributes), byName)}}
	rec.Members = make([]MemberRecord, 0, len(b.Members))
	for _, m := range b.Members {
		one := MemberRecord{JID: m.JID, Nick: m.Nick, Affiliation: m.Affiliation,
			Roles: slices.Compact(slices.Sorted(slices.Values(m.Roles))), Attributes: slices.SortedFunc(slices.Values(m.Attributes), byName)}
		if says = says || one.Affiliation != None; one.Affiliation == None {
			one.Affiliation = Plain
		}
		rec.Members = append(rec.Members, one)
	}
	return rec, says
}

func (r *Roster) noHooks(members []MemberRecord) error {
	for i := range members {
		if _, _, is := r.ParseHookJID(members[i].JID); is {
			return invalid(fmt.Sprintf("member[%d].jid", i), "%s is a webhook's", members[i].JID)
		}
	}
	return nil
}

// mirror is [Roster.Mirror] for a group that there is. edit is held.
func (g *Group) mirror(ctx context.Context, source string, rec *GroupRecord, hidden, says bool) (changed bool, err error) {
	g.mu.Lock()
	switch {
	case g.source != source:
		err = fmt.Errorf("%w: %s", ErrGroupExists, g.name)
	case hidden && g.settings.Listed:
		err = errHidden()
	}
	if err != nil {
		g.mu.Unlock()
		return false, err
	}
	d := g.differences(rec, says)
	g.mu.Unlock()
	if err := g.roster.check(d, len(rec.Members)); err != nil {
		return false, err
	}
	g.mu.Lock()
	g.hidden, g.powers = hidden, says
	g.mu.Unlock()
	if d.none() {
		return false, nil
	}
	if err := g.roster.store.ReviseGroup(ctx, g.name, &d.Revision); err != nil {
		return false, err
	}
	g.mu.Lock()
	ended := g.revise(d)
	g.mu.Unlock()
	g.forget(ctx, ended)
	g.settle(ctx, d)
	return true, nil
}

// difference is what has to be done to a group. Of the members that its
// revision stores some are new.
type difference struct {
	Revision
	settings bool
	joins    []string // bare JIDs
	changes  []string
	contacts []string // who joins and waits to have the group as a contact
	twice    string   // who is on the list more than once
}

func (d *difference) none() bool { return !d.settings && len(d.Members)+len(d.Left) == 0 }

// check says why d cannot be: what did not change was checked before.
func (r *Roster) check(d *difference, members int) error {
	switch {
	case d.twice != "":
		return invalid("member.jid", "%s is named twice", d.twice)
	case members > MaxMembers:
		return invalid("members", "a group has at most %d members", MaxMembers)
	}
	if d.settings {
		if err := d.Settings.validate(); err != nil {
			return err
		}
	}
	if err := validateMembers(d.Members); err != nil {
		return err
	}
	return r.noHooks(d.Members)
}

// differences compares the group with what it should be. mu is held.
func (g *Group) differences(rec *GroupRecord, says bool) *difference {
	d := &difference{Revision: Revision{Source: g.source, Settings: g.settings.Clone()}}
	s, want := &d.Settings, &rec.Settings
	if s.Title != want.Title || s.Description != want.Description || s.Language != want.Language || !slices.Equal(s.Attributes, want.Attributes) {
		d.settings = true
		s.Title, s.Description, s.Language, s.Attributes = want.Title, want.Description, want.Language, want.Attributes
	}
	listed := make(map[string]struct{}, len(rec.Members))
	for i := range rec.Members {
		want := &rec.Members[i]
		if _, twice := listed[want.JID]; twice {
			d.twice = want.JID
		}
		listed[want.JID] = struct{}{}
		if m := g.live(want.JID); m != nil {
			if !says {
				want.Affiliation = m.Affiliation
			}
			g.compare(d, m, want)
		} else {
			g.enters(d, want)
		}
	}
	for _, m := range g.sorted {
		if _, ok := listed[m.JID]; !ok {
			g.leaves(d, m)
		}
	}
	return d
}

func (g *Group) compare(d *difference, m *member, want *MemberRecord) {
	if m.Nick == want.Nick && m.Affiliation == want.Affiliation && slices.Equal(m.Roles, want.Roles) &&
		slices.Equal(m.Attributes, want.Attributes) && !m.ByContact {
		return
	}
	one := m.record()
	one.Nick, one.Affiliation, one.Roles, one.Attributes, one.ByContact = want.Nick, want.Affiliation, want.Roles, want.Attributes, false
	d.Members, d.changes = append(d.Members, one), append(d.changes, one.JID)
}

// enters notes who becomes a member. Who has said no before is one who shares
// nothing.
func (g *Group) enters(d *difference, want *MemberRecord) {
	d.Members, d.joins = append(d.Members, want.Clone()), append(d.joins, want.JID)
	v, known := g.visitors[want.JID]
	if known && v.Contact {
		d.contacts = append(d.contacts, want.JID)
	}
	if known && v.State == Declined && g.auths[want.JID] == nil {
		d.Authorizations = append(d.Authorizations, AuthorizationRecord{want.JID, noShare})
	}
}

// leaves notes who is no member any more, and that he had said no, or by which
// rules he is shown: a list that takes him up again, after a slip perhaps, is no
// reason to show more.
func (g *Group) leaves(d *difference, m *member) {
	d.Left = append(d.Left, m.JID)
	no := m.Ask == Refused || m.auth != nil && !m.auth.Share
	if !no && m.auth != nil && !ForPeers(g.name) { // what they may see stands elsewhere
		if a := m.lasting(); len(a) <= MaxStranger && g.strangers[domainOf(m.JID)]+len(d.Authorizations) < MaxStrangersOf {
			d.Authorizations = append(d.Authorizations, AuthorizationRecord{m.JID, a})
			return
		}
		no = true
	}
	if no && len(g.visitors)+len(d.Visitors) < MaxKnown {
		d.Visitors = append(d.Visitors, VisitorRecord{JID: m.JID, State: Declined})
	}
}

// lasting is m's own policy as it is kept without him. How exactly others see
// where he is goes with him, so that nobody does.
func (m *member) lasting() string {
	a := m.auth.Clone()
	if m.Precision != Exact {
		for i := range a.Rules {
			a.Rules[i].Attributes &^= policy.Location
		}
		a.Rules = slices.DeleteFunc(a.Rules, func(r policy.Rule) bool { return r.Attributes&^r.Except == 0 })
	}
	return a.String()
}

// revise puts d, which is stored, in force, and returns the records of watches
// that end but whose owners stay. mu is held.
func (g *Group) revise(d *difference) (ended []SubscriptionRecord) {
	if d.settings {
		ended = g.setSettings(d.Settings, g.policy, nil)
	}
	for _, jid := range d.Left {
		if m := g.live(jid); m != nil {
			g.expel(m)
		}
	}
	for _, v := range d.Visitors {
		g.visitors[v.JID] = v
	}
	for _, a := range d.Authorizations {
		g.setAuthorization(a.JID, g.readAuthorization(a.Rules))
	}
	special := g.special()
	for i := range d.Members {
		rec := &d.Members[i]
		if m := g.live(rec.JID); m != nil {
			if g.setRecord(m, rec.Clone()) {
				g.renewAll(rec.JID)
			}
			who := g.watcher(rec.JID)
			ended = append(ended, g.endOf(rec.JID, func(*Watch) bool { return g.mayWatch(&who) != nil })...)
			special = g.special()
			continue
		}
		delete(g.visitors, rec.JID)
		delete(g.vows, rec.JID)
		g.join(rec.Clone(), special)
		if len(g.byOwner[rec.JID]) > 0 {
			special = g.special() // his watches have moved
		}
	}
	g.signal()
	return ended
}

// settle does for who came, or changed, what follows from that.
func (g *Group) settle(ctx context.Context, d *difference) {
	came := slices.Concat(d.joins, d.changes)
	if len(came) == 0 {
		return
	}
	g.roster.outbox.Wanted(g)
	g.reshare(ctx, came...)
	for _, jid := range d.joins {
		g.admitted(ctx, jid)
	}
	g.gather(ctx, came...)
	for _, jid := range d.contacts {
		if _, err := g.greet(ctx, jid); err != nil {
			g.roster.log.Warn("contact not approved", "group", g.name, "error", err) // he asks again
		}
	}
}

// Source is who keeps the group, "" = this service.
func (g *Group) Source() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.source
}

// native says that the group's list may be changed here.
func (g *Group) native() error {
	if source := g.Source(); source != "" {
		return &ForeignError{source}
	}
	return nil
}

func errHidden() error {
	return invalid("listed", "its source hides the group from strangers, so it cannot be listed here")
}

// appoints says whether now differs from was only in what the group's source
// leaves to us: the power of a member.
func (g *Group) appoints(was, now *MemberRecord) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.source == "" || !g.powers && was.Nick == now.Nick && slices.Equal(was.Roles, now.Roles) && slices.Equal(was.Attributes, now.Attributes)
}

// keeps says whether old differs from s in what a source keeps. Who joins is its
// to say too.
func (s *Settings) keeps(old *Settings) bool {
	return s.Title != old.Title || s.Description != old.Description || s.Language != old.Language || s.Join != old.Join ||
		!slices.Equal(s.Attributes, old.Attributes)
}
