package roster

import "strings"

// populate inserts the members that a group begins with. Together they take few
// allocations: one by one, among all that a start leaves behind, they would take
// half as much again. Who leaves keeps his room until the group ends.
func (g *Group) populate(recs []MemberRecord) {
	size := 0
	for i := range recs {
		size += len(recs[i].JID) + len(recs[i].Nick)
	}
	var text strings.Builder
	text.Grow(size)
	n := len(recs)
	g.empty, g.sorted, g.slots, g.shows = make([]member, n), make([]*member, 0, n), make([]*member, 0, n), make([]Show, 0, n)
	g.reindex(n)
	keep := func(s string) string {
		at := text.Len()
		text.WriteString(s)
		return text.String()[at:]
	}
	for i := range recs {
		rec := recs[i].Clone()
		rec.JID, rec.Nick = keep(rec.JID), keep(rec.Nick)
		g.insert(rec)
	}
	g.empty = nil
}

// room is where a member is put.
func (g *Group) room() *member {
	if len(g.empty) == 0 {
		return &member{}
	}
	m := &g.empty[0]
	g.empty = g.empty[1:]
	return m
}
