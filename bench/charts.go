package main

import (
	"math"
	"slices"
)

// colour is that of a way.
func colour(way string) string {
	switch way {
	case "muc":
		return "#9aa5b1"
	case "roster":
		return "#c9a86a"
	case "pubsub":
		return "#7d8f69"
	case "rollcall":
		return "#1f6feb"
	case "rollcall-json":
		return "#54aeff"
	case "rollcall-contacts":
		return "#1a7f8e"
	case "rollcall-pubsub":
		return "#8250df"
	}
	return "#cf222e"
}

// charts are the plots, by their names.
func (r *report) charts() map[string]*chart {
	all := map[string]*chart{}
	add := func(name, head, unit string, runs func(*result) []run, f, high func(run) float64) {
		c := &chart{title: head, unit: unit}
		var sizes []size
		for _, x := range r.sorted() {
			if !slices.Contains(sizes, x.Size) && len(runs(x)) > 0 && x.Server != "" && x.Server != "fake" {
				sizes = append(sizes, x.Size)
				c.groups = append(c.groups, x.Size.String())
			}
		}
		for _, server := range []string{"prosody", "ejabberd"} {
			p := panel{name: server}
			for _, way := range wayNames()[1:] {
				s := series{name: title(way), colour: colour(way)}
				some := false
				for _, n := range sizes {
					v, h := math.NaN(), math.NaN()
					if x := r.find(server, way, n); x != nil && len(runs(x)) > 0 {
						v, some = median(runs(x), f), true
						if high != nil {
							h = median(runs(x), high)
						}
					}
					s.values = append(s.values, v)
					if high != nil {
						s.high = append(s.high, h)
					}
				}
				if some {
					p.series = append(p.series, s)
				}
			}
			if len(p.series) > 0 {
				c.panels = append(c.panels, p)
			}
		}
		if len(c.panels) > 0 {
			all[name] = c
		}
	}
	modest := func(x *result) []run { return x.Modest }
	saturated := func(x *result) []run { return x.Saturated }
	burst := func(x *result) []run { return x.Burst }
	add("latency", "Age of an update on arrival, at 5 changes a second: median, and the line up to p99", "ms", modest,
		func(u run) float64 { return u.P50 }, func(u run) float64 { return u.P99 })
	add("cpu", "CPU time of server and component for 1,000 updates, at 5 changes a second", "ms", modest, run.cost, nil)
	add("throughput", "Updates received a second, saturated", "updates/s", saturated, func(u run) float64 { return u.Rate }, nil)
	add("burst", "Burst: every member changes five times within a second; time from the last change until every watcher is right", "s", burst,
		func(u run) float64 { return u.Settled }, nil)
	return all
}
