package roster

// ended tells a watch that it is no more.
func (g *Group) ended(w *Watch) {
	switch {
	case w.hook != "":
		g.hooks[w.hook].watch = nil
		g.roster.news(g.name, w.hook)
		return
	case w.announced: // nobody asked for it
		return
	case w.node < NodeContact:
		rec := w.rec
		rec.Node = w.node.String()
		g.roster.outbox.Ended(g.name, rec)
		return
	case w.node == NodeResources:
		g.vanish(w)
		return
	}
	g.roster.outbox.Presence(g.name, w.rec.JID, Unavailable)
	g.roster.outbox.Presence(g.name, w.rec.JID, Unsubscribed)
}

// withdraw gives back m's presence.
func (g *Group) withdraw(m *member) {
	if m.Ask == Asked || m.Ask == Granted || m.asking {
		g.roster.outbox.Presence(g.name, m.JID, Unsubscribe)
	}
}
