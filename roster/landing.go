package roster

import (
	"slices"
)

// Landed says that the service has dealt with the next so many stanzas.
func (g *Group) Landed(stanzas int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mail.acked += uint64(stanzas)
	g.land(g.mail.acked)
}

// land takes in that all stanzas up to that one have been dealt with.
func (g *Group) land(seq uint64) {
	m, n := &g.mail, 0
	if seq = min(seq, m.flown); seq <= m.landed {
		return
	}
	m.landed = seq
	for n < len(m.flights) && m.flights[n].seq <= seq {
		m.back(m.flights[n].told)
		n++
	}
	m.flights = slices.Delete(m.flights, 0, n)
	if m.landed == m.flown {
		clear(m.left)
	}
	g.alight()
	g.signal()
}

// alight tells who ceased to be a contact while something was aloft to him that
// the group is gone: he was told so at once, and may have got a word after that.
func (g *Group) alight() {
	m := &g.mail
	for len(m.farewells) > 0 && m.farewells[0].seq <= m.landed {
		if jid := m.farewells[0].jid; g.contact(jid) == nil {
			g.roster.outbox.Presence(g.name, jid, Unavailable)
		}
		m.farewells = m.farewells[1:]
	}
}

// leaves notes that w ends.
func (m *mail) leaves(w *Watch) {
	if !m.aloft(w) {
		return
	}
	if m.left == nil {
		m.left = map[string]uint64{}
	}
	m.left[w.rec.Owner] = max(m.left[w.rec.Owner], w.flight)
	if w.node == NodeContact {
		m.farewells = append(m.farewells, farewell{w.rec.JID, m.flown})
	}
}

// lost forgets what was aloft: the connection broke.
func (m *mail) lost() {
	m.landed, m.acked, m.flights, m.farewells = m.flown, m.flown, nil, nil
	clear(m.left)
}

// Returned takes in that a stanza to the service came back, that of the given
// id, or with "" some presence: who was to get a copy is told again. With
// alone nothing of these goes that way any more: one of them may be the reason.
// addresses is how many there were.
func (g *Group) Returned(id string, alone bool) (addresses int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roster.copies.returned.Add(1)
	seq := uint64(0)
	for i := range g.mail.flights {
		f := &g.mail.flights[i]
		if f.id != id {
			continue
		}
		if seq == 0 {
			seq = f.seq // the service takes them in order
		}
		addresses = max(addresses, len(f.told))
		for _, t := range f.told {
			if slices.Contains(g.byOwner[t.w.rec.Owner], t.w) {
				t.w.alone = t.w.alone || alone
				t.w.rewind(t.before)
			}
		}
	}
	if seq == 0 { // nobody knows whose it was
		for _, ws := range g.byOwner {
			for _, w := range ws {
				if w.flight > 0 {
					w.alone = w.alone || alone
					w.renew()
				}
			}
		}
	}
	g.land(seq)
	g.signal()
	return addresses
}

// rewind lets w stand where it held the version seen, unless that is further
// on than it stands: what it was told since did not arrive, or not all of it.
func (w *Watch) rewind(seen uint64) {
	if w.node >= NodeContact {
		w.renew()
		return
	}
	p := w.back(seen)
	if p.cursor > 0 && p.cursor >= w.position().cursor {
		return
	}
	w.stand(p)
}
