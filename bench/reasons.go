package main

import "fmt"

// why says where a goal that was missed was lost, in figures of the run; "" if
// the program does not know.
func (v view) why(g goal) string {
	own, room := v.find(g.server, g.way, twoHundred), v.find(g.server, "muc", twoHundred)
	if g.Name == "a" {
		own, room = v.find(g.server, g.way, fifty), v.find(g.server, "muc", fifty)
	}
	if g.Name == "overload" {
		return v.whyLate(g)
	}
	if g.Met() || own == nil || room == nil {
		return ""
	}
	cost := func(x *result, runs []run) string { return num(median(runs, run.cost)) }
	switch g.Name {
	case "a":
		return fmt.Sprintf("the median watcher waits for half of the stanzas, one for each; such a one costs %s µs of CPU, the room's %s", cost(own, own.Modest), cost(room, room.Modest))
	case "b":
		most := float64(twoHundred.Members * (twoHundred.Members - 1))
		return fmt.Sprintf("when the last change is made, nearly everybody needs nearly everybody's state, %s updates, whatever was left out before; one costs %s µs of CPU, the room's %s, which has %d times as many",
			num(most), cost(own, own.Burst), cost(room, room.Burst), burstEach)
	case "c":
		return fmt.Sprintf("an update costs %s µs of CPU then, the room's %s", cost(own, own.Saturated), cost(room, room.Saturated))
	case "d":
		return fmt.Sprintf("a change that is alone is one stanza for each watcher in any case. Ours has %s bytes and costs the server %s µs of CPU; the room's has %s, and costs %s",
			num(median(own.Modest, bytesEach)), num(median(own.Modest, serverCost)), num(median(room.Modest, bytesEach)), num(median(room.Modest, serverCost)))
	}
	return ""
}

// whyLate is why of how long it takes after an overload until all is right.
func (v view) whyLate(g goal) string {
	x := v.find(g.server, g.way, g.size)
	if g.Met() || x == nil || !g.late || len(x.Overload) == 0 {
		return ""
	}
	return fmt.Sprintf("at the end everybody needs nearly everybody's state once more, %s updates; one cost %s µs of CPU in the overload. Nothing waits in a queue: that is one round, as every one before it",
		num(float64(x.Size.clients()*(x.Size.Members-1))), num(median(x.Overload, run.cost)))
}
