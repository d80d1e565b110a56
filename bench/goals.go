package main

import (
	"fmt"
	"slices"
	"strings"
)

// goal is one comparison within the run, and what it should come to.
type goal struct {
	Name   string
	Where  string
	Text   string // what was found, for a reader
	Value  float64
	Limit  float64
	AtMost bool // else at least
	Known  bool // false: a cell for it is missing

	server, way string // whose cell it was found in
	size        size   // of an overload
	late        bool   // it is about the time until all is right, after one
}

// Met says whether it was reached.
func (g goal) Met() bool {
	if g.AtMost {
		return g.Known && g.Value <= g.Limit
	}
	return g.Known && g.Value >= g.Limit
}

// Sign is ≤ or ≥.
func (g goal) Sign() string {
	if g.AtMost {
		return "≤"
	}
	return "≥"
}

// Verdict is a word for the table.
func (g goal) Verdict() string {
	switch {
	case !g.Known:
		return "not measured"
	case g.Met():
		return "met"
	}
	return "**missed**"
}

// find returns a cell's result, nil if there is none.
func (r *report) find(server, way string, s size) *result {
	i := slices.IndexFunc(r.Cells, func(x result) bool { return x.Server == server && x.Way == way && x.Size == s })
	if i < 0 {
		return nil
	}
	return &r.Cells[i]
}

// Sizes that the goals speak of.
var (
	fifty      = size{1, 50}
	twoHundred = size{1, 200}
)

// ourWays are all ways of Rollcall.
func ourWays() (ways []string) {
	for _, w := range wayNames() {
		if strings.HasPrefix(w, "rollcall") {
			ways = append(ways, w)
		}
	}
	return ways
}

// goals are those of the project, on each server.
func (r *report) goals() (goals []goal) {
	for _, server := range []string{"prosody", "ejabberd"} {
		goals = append(goals, r.goalsOn(server)...)
	}
	if x := r.find("fake", "rollcall", twoHundred); x != nil && len(x.Modest) > 0 {
		us := func(u run) float64 { return 1e6 * u.Component / max(1, float64(u.Received)) }
		allocs := func(u run) float64 { return 100 * float64(u.Allocs) / max(1, float64(u.Received)) }
		goals = append(goals,
			goal{Name: "e", Where: "component alone", Text: "CPU µs for one notification", Value: median(x.Saturated, us), Limit: 2, AtMost: true, Known: true},
			goal{Name: "e", Where: "component alone", Text: "allocations for 100 notifications", Value: median(x.Saturated, allocs), Limit: 1, AtMost: true, Known: true})
	}
	return goals
}

func (r *report) goalsOn(server string) (goals []goal) {
	add := func(name, way, text string, limit float64, atMost bool, value float64, known bool) {
		goals = append(goals, goal{Name: name, Where: server, Text: text, Value: value, Limit: limit, AtMost: atMost, Known: known, server: server, way: way})
	}
	ratio := func(s size, way string, runs func(*result) []run, f func(run) float64) (float64, bool) {
		own, room := r.find(server, way, s), r.find(server, "muc", s)
		if own == nil || room == nil || median(runs(room), f) == 0 || len(runs(own)) == 0 {
			return 0, false
		}
		return median(runs(own), f) / median(runs(room), f), true
	}
	// best is the best of all ways of Rollcall: the least, or the most.
	best := func(runs func(*result) []run, f func(run) float64, most bool) (value float64, name string, found bool) {
		for _, way := range ourWays() {
			if v, ok := ratio(twoHundred, way, runs, f); ok && (!found || most == (v > value)) {
				value, name, found = v, way, true
			}
		}
		return value, name, found
	}
	both := func(name, text string, limit float64, atMost bool, runs func(*result) []run, f func(run) float64) {
		v, ok := ratio(twoHundred, "rollcall", runs, f)
		add(name, "rollcall", text, limit, atMost, v, ok)
		v, way, ok := best(runs, f, !atMost)
		add(name, way, fmt.Sprintf("the same, the best way (%s)", kindOf(way).title), limit, atMost, v, ok)
	}
	modest := func(x *result) []run { return x.Modest }
	saturated := func(x *result) []run { return x.Saturated }
	burst := func(x *result) []run { return x.Burst }

	v, ok := ratio(fifty, "rollcall", modest, func(u run) float64 { return u.P50 })
	add("a", "rollcall", "p50 at 5 changes/s, 50 members, × the room's", 1.5, true, v, ok)
	v, ok = r.share(server)
	add("a", "rollcall", "the component's share of the CPU there, %", 10, true, v, ok)
	both("b", "burst of 200 members: time until all is right, × the room's", 0.1, true, burst, func(u run) float64 { return u.Settled })
	both("b", "burst of 200 members: CPU, × the room's", 0.1, true, burst, run.cpu)
	both("c", "saturated, 200 members: states received a second, × the room's", 5, false, saturated, run.freshRate)
	v, ok = ratio(twoHundred, "rollcall", modest, run.cost)
	add("d", "rollcall", "CPU for a single change and watcher, 200 members, × the room's", 2, true, v, ok)
	v, name, ok := best(modest, run.cost, false)
	add("d", name, fmt.Sprintf("the same, the best way (%s)", kindOf(name).title), 1.2, true, v, ok)
	if x := r.find(server, "rollcall", twoHundred); server == "prosody" && x != nil {
		add("f", "rollcall", "p99 of a ping to the service, saturated, 200 members, ms", 100, true, median(x.Saturated, func(u run) float64 { return u.Ping99 }), true)
	}
	if x := r.find(server, "rollcall", twoHundred); x != nil && x.Pauses > 0 {
		add("pauses", "rollcall", fmt.Sprintf("p99 of %d pauses of the component for collecting garbage, under load, 200 members, ms", x.Pauses), 1, true, x.Pause, true)
	}
	return goals
}

// freshRate is the rate of a run in which what arrived was fresh, else 0.
func (r run) freshRate() float64 {
	if !r.fresh(1) {
		return 0
	}
	return r.Rate
}

// share is the component's part of the CPU time at a modest rate, in percent.
func (r *report) share(server string) (float64, bool) {
	x := r.find(server, "rollcall", fifty)
	if x == nil || len(x.Modest) == 0 {
		return 0, false
	}
	return 100 * median(x.Modest, func(u run) float64 { return u.Component / u.cpu() }), true
}
