package roster

import "cmp"

// notice is a word about the group. mu is held.
func (g *Group) notice(kind NoticeKind, to, about, by string) Notice {
	return Notice{Kind: kind, Group: g.name, Title: cmp.Or(g.settings.Title, g.name), Lang: g.settings.Language, To: to, About: about, By: by}
}

func (g *Group) say(kind NoticeKind, to, by string) {
	g.mu.Lock()
	n := g.notice(kind, to, "", by)
	g.mu.Unlock()
	g.roster.tell(n)
}

func (r *Roster) tell(notices ...Notice) {
	if r.notify == nil {
		return
	}
	for _, n := range notices {
		r.notify(n)
	}
}
