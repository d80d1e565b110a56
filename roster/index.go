package roster

import "hash/maphash"

// index finds the members of a group, tombstones included, by their JIDs: a
// table of slots with linear probing. A map would take six times as much for
// each, and there are many. Guarded by Group.mu.
type index struct {
	seed maphash.Seed
	at   []int32 // slots, one more; 0 = nothing
	n    int
}

// spare is how much of the table is empty at least: a fifth.
func spare(n int) int { return n + n/4 + 1 }

// home is where an entry with that hash stands if it is alone.
func (x *index) home(hash uint64) int { return int(hash >> 32 * uint64(len(x.at)) >> 32) }

func (x *index) next(i int) int {
	if i++; i == len(x.at) {
		return 0
	}
	return i
}

// entry returns the member or the tombstone of jid, nil if there is none.
func (g *Group) entry(jid string) *member {
	x := &g.members
	if x.n == 0 {
		return nil
	}
	for i := x.home(maphash.String(x.seed, jid)); x.at[i] != 0; i = x.next(i) {
		if m := g.slots[x.at[i]-1]; m.JID == jid {
			return m
		}
	}
	return nil
}

// entryBytes is entry without a string.
func (g *Group) entryBytes(jid []byte) *member {
	x := &g.members
	if x.n == 0 {
		return nil
	}
	for i := x.home(maphash.Bytes(x.seed, jid)); x.at[i] != 0; i = x.next(i) {
		if m := g.slots[x.at[i]-1]; m.JID == string(jid) {
			return m
		}
	}
	return nil
}

// enter puts m in, who is not in it and has his slot.
func (g *Group) enter(m *member) {
	x := &g.members
	if spare(x.n+1) > len(x.at) {
		g.reindex(x.n + x.n/2 + 1)
	}
	g.put(m)
	x.n++
}

func (g *Group) put(m *member) {
	x := &g.members
	i := x.home(maphash.String(x.seed, m.JID))
	for x.at[i] != 0 {
		i = x.next(i)
	}
	x.at[i] = m.slot + 1
}

// reindex makes the table anew, with room for n.
func (g *Group) reindex(n int) {
	x, was := &g.members, g.members.at
	if was == nil {
		x.seed = maphash.MakeSeed()
	}
	x.at = make([]int32, spare(n))
	for _, slot := range was {
		if slot != 0 {
			g.put(g.slots[slot-1])
		}
	}
}

// strike takes m out, and moves up those who stand behind their place only
// because he was in it.
func (g *Group) strike(m *member) {
	x := &g.members
	i := x.home(maphash.String(x.seed, m.JID))
	for x.at[i] != m.slot+1 {
		i = x.next(i)
	}
	for k := x.next(i); x.at[k] != 0; k = x.next(k) {
		home := x.home(maphash.String(x.seed, g.slots[x.at[k]-1].JID))
		if (k-home+len(x.at))%len(x.at) >= (k-i+len(x.at))%len(x.at) {
			x.at[i], i = x.at[k], k
		}
	}
	x.at[i] = 0
	x.n--
}
