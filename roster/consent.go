package roster

import "context"

// Where a server lets us write its users' rosters (XEP-0356), a member and the
// group may become each other's contact without a click: without the request
// that he would have to answer. That takes his consent all the same. Who joined
// by a word of his own, knowing the terms, has given it; of others an admin may
// have decided that they are informed (Options.Inform). Everybody else is asked.

// Preapproval says whether jid, whom [Group.Wants] has named, may become a
// contact without being asked, and whether he may then see the group as well.
func (g *Group) Preapproval(jid string) (may, watches bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if g.closed || m == nil || !m.asking || m.Ask != Unasked || m.clicks || !m.consents && !g.roster.inform {
		return false, false
	}
	who := g.watcher(jid)
	return true, g.mayWatch(&who) == nil
}

// OnPreapproved takes in that the server has made jid and the group contacts
// as [Group.Preapproval] allowed. Who ceased to be a member, or to share, or
// said no, while that was under way takes it back.
func (g *Group) OnPreapproved(ctx context.Context, jid string, watches bool) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	m := g.live(jid)
	over := g.closed || m == nil || m.Ask == Refused || m.Ask == Unasked && !m.asking
	informed := !over && m.Ask == Unasked && !m.consents
	who := g.watcher(jid)
	watches = watches && !g.closed && g.mayWatch(&who) == nil
	known := !g.closed && g.contact(jid) != nil // by his own request
	g.mu.Unlock()
	if over {
		g.roster.outbox.Presence(g.name, jid, Unsubscribe)
		if !known {
			g.roster.outbox.Presence(g.name, jid, Unsubscribed)
		}
		return nil
	}
	turned, err := g.turnAskLocked(ctx, jid, Granted, func(m *member) bool { return m.Ask == Unasked && m.asking })
	if err != nil || !turned {
		return err
	}
	g.roster.outbox.Presence(g.name, jid, Probe)
	if informed {
		g.say(Enlisted, jid, "")
	}
	if !watches {
		return nil
	}
	return g.show1(ctx, jid)
}

// show1 makes jid a contact whose server takes him for one already. edit is
// held.
func (g *Group) show1(ctx context.Context, jid string) error {
	g.mu.Lock()
	known := g.contact(jid) != nil
	g.mu.Unlock()
	if known {
		return nil
	}
	if err := g.roster.store.StoreContact(ctx, g.name, jid); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addContact(jid)
	g.signal()
	return nil
}

// NotPreapproved takes in that the server did not do it: jid is asked.
func (g *Group) NotPreapproved(jid string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m := g.live(jid); m != nil && m.asking && m.Ask == Unasked {
		m.asking, m.clicks = false, true
		g.roster.outbox.Wanted(g)
	}
}

// addWilling is add for who joins by a word of his own. edit is held.
func (g *Group) addWilling(ctx context.Context, rec MemberRecord) error {
	g.mu.Lock()
	g.acting = rec.JID
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.acting = ""
		g.mu.Unlock()
	}()
	return g.add(ctx, rec)
}
