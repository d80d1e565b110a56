package main

import (
	"fmt"
	"slices"
	"strings"
)

// What the page says of growth and of overload.

// axes are what grows, in the order of the plots.
func axes() []string { return []string{"members", "groups", "rules", "watchers"} }

// x is where the site stands on its axis.
func (s *site) x() float64 {
	switch s.Axis {
	case "members":
		return float64(s.Members)
	case "groups":
		return float64(s.Groups)
	case "rules":
		return float64(s.Rules * s.Members)
	}
	return float64(s.Watchers)
}

// onAxis are the sites of an axis; those of another that stand on it begin it.
func (g *grown) onAxis(axis string) (points []point) {
	for _, s := range g.Sites {
		base := s.Axis == "members" && (axis == "groups" && s.Members == 100 || axis == "rules" && s.Members == 1000 || axis == "watchers" && s.Members == 1000)
		if s.Axis != axis && !base {
			continue
		}
		s.Axis = axis
		points = append(points, point{s.x(), s.CPU})
	}
	slices.SortFunc(points, func(a, b point) int { return int(a.X - b.X) })
	return points
}

// plots are the lines of the page, by their names.
func (r *report) plots() map[string]*plot {
	all := map[string]*plot{}
	if r.Growth != nil {
		p := &plot{title: "CPU time of the component for one change", unit: "µs", steep: true}
		for _, axis := range axes() {
			if points := r.Growth.onAxis(axis); len(points) > 0 {
				p.panels = append(p.panels, plane{name: axis, log: true, lines: []line{{colour: kindOf("rollcall").colour, points: points}}})
			}
		}
		if len(p.panels) > 0 {
			all["growth"] = p
		}
	}
	p := &plot{title: "Memory of the component while five times too much is offered", unit: "MB (RSS)"}
	for _, x := range r.sorted() {
		for _, u := range x.Overload {
			if u.Strain == nil {
				continue
			}
			l := line{colour: kindOf(x.Way).colour}
			for _, at := range u.Strain.Memory {
				l.points = append(l.points, point{at.X, at.Y / 1e6})
			}
			p.panels = append(p.panels, plane{name: fmt.Sprintf("%s, %s members; seconds", x.Server, x.Size), lines: []line{l}})
		}
	}
	if len(p.panels) > 0 {
		all["overload"] = p
	}
	return all
}

func (v view) Growing() string {
	var b strings.Builder
	b.WriteString("| groups | members each | rules, all | watchers | µs for a change | bytes for a member, nobody there | everybody there | behind changes |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	bytes := func(n float64) string {
		if n == 0 {
			return "–"
		}
		return num(n)
	}
	for _, s := range v.Growth.Sites {
		fmt.Fprintf(&b, "| %d | %d | %d | %d | %s | %s | %s | %s |\n", s.Groups, s.Members, s.Rules*s.Members*s.Groups, s.Watchers, num(s.CPU), bytes(s.Absent), bytes(s.There), bytes(s.Busy))
	}
	return b.String()
}

// growthGoals are about growth, and what overload must not do.
func (r *report) growthGoals() (goals []goal) {
	add := func(name, where, text string, value, limit float64) {
		goals = append(goals, goal{Name: name, Where: where, Text: text, Value: value, Limit: limit, AtMost: true, Known: true})
	}
	if g := r.Growth; g != nil {
		if s := g.Start; s.Ready > 0 {
			add("growth", "component alone", fmt.Sprintf("s until %d groups with %d memberships answer, from the program's start", s.Groups, s.Memberships), s.Ready, 2)
		}
		for _, s := range g.Sites {
			if s.There > 0 {
				where := fmt.Sprintf("%d × %d members", s.Groups, s.Members)
				add("growth", where, "bytes of RSS for a member, nobody there", s.Absent, 300)
				add("growth", where, "the same, everybody there", s.There, 1024)
			}
		}
	}
	for _, x := range r.sorted() {
		for _, u := range x.Overload {
			if u.Strain == nil {
				continue
			}
			where := fmt.Sprintf("%s, %s", x.Server, x.Size)
			add("overload", where, "updates lost", float64(u.Lost), 0)
			add("overload", where, "memory in the last third, × that in the first", flat(u.Strain.Memory), 1.1)
			slow := u.Strain.slowest()
			add("overload", where, "p99 of the slowest request ("+slow.What+"), ms", slow.P99, 200)
			add("overload", where, "s until all is right, afterwards", u.Settled, 1)
			g := &goals[len(goals)-1]
			g.server, g.way, g.size, g.late = x.Server, x.Way, x.Size, true
		}
	}
	return goals
}

func (v view) Requests() string {
	var b strings.Builder
	b.WriteString("| members | server | asked | answers | failed | p50 ms | p99 | longest |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, x := range v.sorted() {
		for _, u := range x.Overload {
			if u.Strain == nil {
				continue
			}
			for _, a := range u.Strain.Replies {
				fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %s | %s | %s |\n", x.Size, x.Server, a.What, a.N, a.Failed, num(a.P50), num(a.P99), num(a.Most))
			}
		}
	}
	return b.String()
}
