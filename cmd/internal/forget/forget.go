package forget

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Eraser forgets people.
type Eraser struct {
	Roster *roster.Roster
	Record audit.Forgetter // nil = there is none
}

// Result is what was erased, and what was not.
type Result struct {
	Memberships   int      `json:"memberships"`
	Subscriptions int      `json:"subscriptions"`
	Contacts      int      `json:"contacts"`
	Policies      int      `json:"policies"` // of others in which he was named
	Entries       int      `json:"entries"`  // of the audit log
	Kept          []string `json:"kept"`     // where he is still named, and why
}

// Person forgets a bare JID everywhere; with hides set also that others hide
// from him. What a failure leaves is found by trying again.
func (e *Eraser) Person(ctx context.Context, jid string, hides bool) (*Result, error) {
	names, err := e.Roster.ListGroups(ctx)
	if err != nil {
		return nil, fmt.Errorf("forget %s: %w", jid, err)
	}
	r := &Result{Kept: []string{}}
	w := work{Eraser: e, ctx: ctx, jid: jid, hides: hides, Result: r}
	for _, name := range names {
		w.group = name
		if err := w.do(); err != nil && !errors.Is(err, roster.ErrNoGroup) {
			return nil, fmt.Errorf("forget %s in %s: %w", jid, name, err)
		}
	}
	if e.Record != nil {
		if r.Entries, err = e.Record.Pseudonymise(ctx, jid); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// work is one group.
type work struct {
	*Eraser
	*Result
	ctx        context.Context
	jid, group string
	hides      bool
	silenced   bool // peers see nothing of him by now
}

func (w *work) do() error {
	rec, err := w.Roster.ShowGroup(w.ctx, w.group)
	if err != nil {
		return err
	}
	g, err := w.Roster.Group(w.ctx, w.group)
	if err != nil {
		return err
	}
	for _, step := range []func(*roster.Group, *roster.GroupRecord) error{w.subscriptions, w.leave, w.visitors, w.policies, w.settings} {
		if err := step(g, rec); err != nil {
			return err
		}
	}
	return nil
}

// subscriptions ends his own and those whose events go to him, and takes him
// out of what others want to see.
func (w *work) subscriptions(g *roster.Group, rec *roster.GroupRecord) error {
	for _, s := range rec.Subscriptions {
		if s.Node == roster.NodeResources.String() { // goes, and changes, with the contact
			continue
		}
		if s.Node == roster.NodeMine {
			if err := w.mine(&s); err != nil {
				return err
			}
			continue
		}
		node, err := roster.ParseNode(s.Node)
		contact := s.Node == roster.NodeContact.String() // what a contact wants; his own goes with the contact
		switch {
		case contact && s.Owner == w.jid:
			continue
		case contact:
			node = roster.NodeContact
		case err != nil:
			return err
		}
		r, err := policy.ParseReceiving(s.Receiving)
		if err != nil {
			r = &policy.Receiving{}
		}
		bare, _, _ := strings.Cut(s.JID, "/")
		named := slices.Contains(r.Members, w.jid)
		switch {
		case contact && named:
			r.Members = without(r.Members, w.jid)
			r.Refuse = r.Refuse || len(r.Members) == 0 // to want only him is to want nobody now
			if err = g.Configure(w.ctx, s.Owner, s.JID, node, s.ID, r); err == nil {
				w.Policies++
			}
		case contact:
			err = nil
		case s.Owner == w.jid || bare == w.jid || named && len(r.Members) == 1:
			err = g.Unsubscribe(w.ctx, s.Owner, s.JID, node, s.ID)
			if err == nil {
				w.Subscriptions++
			}
		case named:
			r.Members = without(r.Members, w.jid)
			err = g.Configure(w.ctx, s.Owner, s.JID, node, s.ID, r)
			if err == nil {
				w.Policies++
			}
		}
		if err != nil && !errors.Is(err, roster.ErrNoSubscription) {
			return err
		}
	}
	return nil
}

// mine ends his subscription to all his groups, and takes him out of what
// others want to see of all theirs.
func (w *work) mine(s *roster.SubscriptionRecord) error {
	wish, _, err := w.Roster.MyWish(s.Owner, s.JID, s.ID)
	if err != nil {
		return nil // it was done in another group
	}
	members := wish.Receiving.Members
	named := slices.Contains(members, w.jid)
	switch bare, _, _ := strings.Cut(s.JID, "/"); {
	case s.Owner == w.jid || bare == w.jid || named && len(members) == 1:
		w.Subscriptions++
		return w.Roster.UnsubscribeMine(w.ctx, s.Owner, s.JID, s.ID)
	case named:
		w.Policies++
		wish.Receiving.Members = without(members, w.jid)
		return w.Roster.ReconfigureMine(w.ctx, s.Owner, s.JID, s.ID, &wish)
	}
	return nil
}

func (w *work) leave(g *roster.Group, rec *roster.GroupRecord) error {
	if slices.Contains(rec.Contacts, w.jid) {
		if err := g.OnUnsubscribe(w.ctx, w.jid); err != nil {
			return err
		}
		w.Contacts++
	}
	if roster.ForPeers(w.group) {
		return w.peers(rec)
	}
	if rec.Source != "" && rec.Member(w.jid) != nil {
		w.Kept = append(w.Kept, fmt.Sprintf("%s: %s keeps the list and has him on it", w.group, rec.Source))
		return g.Leave(w.ctx, w.jid) // as far as he can: that he shares nothing is all that stays
	}
	if rec.Member(w.jid) != nil {
		if err := w.Roster.RemoveMember(w.ctx, w.group, w.jid); err != nil {
			return err
		}
		w.Memberships++
		return nil
	}
	return nil
}

// peers has peers see nothing of him, wherever they want to know of him: without
// a word of his own what they are granted by default would count again. That is
// all that stays.
func (w *work) peers(rec *roster.GroupRecord) error {
	if w.silenced || rec.Member(w.jid) == nil {
		return nil
	}
	w.silenced = true
	w.Kept = append(w.Kept, "peers: that they see nothing of him")
	return w.Roster.AuthorizePeers(w.ctx, w.jid, &policy.Authorization{})
}

// visitors takes out what he has left without being a member. That he is
// banned stays, for without it he could come in.
func (w *work) visitors(g *roster.Group, _ *roster.GroupRecord) error {
	banned, err := g.Erase(w.ctx, w.jid)
	if banned {
		w.Kept = append(w.Kept, w.group+": he is banned")
	}
	return err
}

// policies removes him from what others let him see.
func (w *work) policies(g *roster.Group, rec *roster.GroupRecord) error {
	for _, set := range rec.Authorizations {
		a, err := policy.ParseAuthorization(set.Rules)
		if err != nil || set.JID == w.jid {
			continue
		}
		his := func(r policy.Rule) bool { return r.Who.Class == policy.JID && r.Who.Name == w.jid }
		if slices.Contains(a.Hide, w.jid) && !w.hides {
			w.Kept = append(w.Kept, fmt.Sprintf("%s: %s hides from him", w.group, set.JID))
		}
		if !slices.ContainsFunc(a.Rules, his) && !(w.hides && slices.Contains(a.Hide, w.jid)) {
			continue
		}
		a.Rules = slices.DeleteFunc(a.Rules, his)
		if w.hides {
			a.Hide = without(a.Hide, w.jid)
		}
		if err := g.Amend(w.ctx, set.JID, a); err != nil {
			return err
		}
		w.Policies++
	}
	return nil
}

// settings takes him out of the group's own policy, line by line.
func (w *work) settings(_ *roster.Group, rec *roster.GroupRecord) error {
	text, kept := withoutLines(rec.Settings.Policy, "jid:"+w.jid)
	for _, line := range kept {
		w.Kept = append(w.Kept, fmt.Sprintf("%s: the group's policy says %q, and would say more without it", w.group, line))
	}
	if text == rec.Settings.Policy {
		return nil
	}
	w.Policies++
	return w.Roster.UpdateGroup(w.ctx, w.group, func(s *roster.Settings) error {
		s.Policy, _ = withoutLines(s.Policy, "jid:"+w.jid)
		return nil
	})
}

// withoutLines leaves out the lines of a group policy that have the word,
// unless they are the only ones of their kind: then the default would count.
func withoutLines(text, word string) (rest string, kept []string) {
	kinds := map[string]int{}
	all := strings.SplitAfter(text, "\n")
	for _, line := range all {
		if !says(line, word) {
			kinds[kind(line)]++
		}
	}
	for _, line := range all {
		if !says(line, word) {
			rest += line
			continue
		}
		if kind(line) != "default" && kinds[kind(line)] == 0 {
			rest, kept = rest+line, append(kept, strings.TrimSpace(line))
		}
	}
	return rest, kept
}

func kind(line string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return first
}

func says(line, word string) bool {
	return slices.ContainsFunc(strings.Fields(line), func(w string) bool { return strings.TrimRight(w, ":,") == word })
}

func without(list []string, one string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == one })
}
