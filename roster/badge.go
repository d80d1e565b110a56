package roster

// badge is what stands in the aggregate presence for the group's picture. Who
// does not see basic information sees the generated one. mu is held.
func (g *Group) badge(basic bool) []byte {
	i := 0
	if basic {
		i = 1
	}
	if g.badges[i] == nil {
		g.badges[i] = g.roster.renderer.Badge([]byte{}, &g.settings, g.name, basic)
	}
	return g.badges[i]
}
