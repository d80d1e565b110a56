package fault

// faults is the list, by what goes wrong.
func faults() []fault {
	var all []fault
	for _, part := range [][]fault{killed(), disk(), flood(), clock(), link(), meanwhile(), sources(), copies(), outposts()} {
		all = append(all, part...)
	}
	return all
}

// killed: the process, at any moment.
func killed() []fault {
	return []fault{
		{name: "acknowledged when stored", file: "store/batch.go", test: "store TestKill",
			old: "	answers := make([]error, len(jobs))\n	began := time.Now()\n",
			new: "	answers := make([]error, len(jobs))\n	began := time.Now()\n	for _, j := range jobs {\n		j.done <- nil\n		j.done = make(chan error, 1)\n	}\n"},
		{name: "a change is whole or not at all", file: "store/batch.go", test: "store TestFailureInTheMiddle",
			old: "func (b *batcher) exec(command string) error {\n", // then each statement is a transaction
			new: "func (b *batcher) exec(command string) error {\n	if command[0] != 'P' {\n		return nil\n	}\n"},
	}
}

// disk: full, read-only, locked.
func disk() []fault {
	return []fault{
		{name: "undone when the disk is full", file: "store/batch.go", test: "store TestFaults/full",
			old: "if refused = c(); refused != nil {", new: "if refused = c(); false {"},
		{name: "a full disk is said so", file: "store/errors.go", test: "store TestFaults/full", fast: true,
			old: "case sqlite3.ErrFull:\n		return ErrFull", new: "case sqlite3.ErrFull:\n		return err"},
		{name: "a read-only file is said so", file: "store/errors.go", test: "store TestFaults/read-only",
			old: "case sqlite3.ErrReadonly, sqlite3.ErrPerm:", new: "case sqlite3.ErrPerm:"},
		{name: "a locked file is said so", file: "store/batch.go", test: "store TestFaults/locked",
			old: "if err := b.exec(\"BEGIN IMMEDIATE\"); err != nil {\n		return err", new: "if err := b.exec(\"BEGIN IMMEDIATE\"); err != nil {\n		return nil"},
	}
}

// flood: presence that changes for ever.
func flood() []fault {
	return []fault{
		{name: "what was told later is forgotten", file: "component/pace.go", test: "component TestPace",
			old: "c.say(l)\n			delete(c.held, key)", new: "c.say(l)\n			_ = key"},
		{name: "a device that is gone is forgotten", file: "roster/device.go", test: "component TestFlood",
			old: "p.devices = slices.Delete(p.devices, i, i+1)", new: "p.devices[i].show = Offline"},
	}
}

// clock: set forwards and back.
func clock() []fault {
	return []fault{
		{name: "a clock set back undoes what began", file: "roster/authorize.go", test: "roster TestRulesHoldWhenTheClockIsSet",
			old: "back := now.Before(g.latest)", new: "back := false"},
		{name: "the alarm rings though nothing is ahead", file: "roster/authorize.go", test: "roster TestRulesHoldWhenTheClockIsSet",
			old: "len(g.timed) == 0 && len(g.spoken) == 0 && g.nextDefault(time.Time{}).IsZero()", new: "g.first().IsZero()"},
		{name: "a word that is over is held for a while", file: "roster/willing.go", test: "roster TestWordsEndByThemselves",
			old: "const lapse = time.Hour", new: "const lapse = 0"},
		{name: "words are looked at when the clock was set back", file: "roster/authorize.go", test: "roster TestWordsEndByThemselves",
			old: "g.lapsed(back)", new: "g.lapsed(false)"},
		{name: "what is over is forgotten in the store as well", file: "roster/keep.go", test: "roster TestWordsEndByThemselves",
			old: "	g.restate(ctx)\n", new: ""},
		{name: "an alarm never waits for long", file: "roster/authorize.go", test: "roster TestRulesHoldWhenTheClockIsSet",
			old: "wait = min(first.Sub(g.now()), wait)", new: "wait = first.Sub(g.now())"},
		{name: "delivery by the time that passes", file: "roster/pace.go", test: "roster TestDeliveryGoesOnWhenTheClockIsSet",
			old: "now.Truncate(every).Add(every).Sub(now)", new: "max(now.Truncate(every).Add(every).Sub(g.latest), time.Second)"},
		{name: "a lease looks at the clock", file: "roster/lease.go", test: "roster TestLeasesWhenTheClockIsSet",
			old: "min(at.Sub(g.now()), longest)", new: "at.Sub(g.now())"},
		{name: "a bucket fills again after the clock was set back", file: "component/limit.go", test: "component TestLimitsWhenTheClockIsSet", fast: true,
			old: "	b.at = now\n	if b.tokens < 1 {", new: "	if now.After(b.at) {\n		b.at = now\n	}\n	if b.tokens < 1 {"},
		{name: "a clock set back takes nothing", file: "component/limit.go", test: "component TestLimitsWhenTheClockIsSet",
			old: "if d := now.Sub(b.at); d > 0 {", new: "if d := now.Sub(b.at); true {"},
		{name: "a clock set forwards gives no more than a burst", file: "component/limit.go", test: "component TestLimitsWhenTheClockIsSet",
			old: "b.tokens = min(l.burst, b.tokens+d.Seconds()*l.rate)", new: "b.tokens += d.Seconds() * l.rate"},
		{name: "a ration grows again after the clock was set back", file: "component/command/ration.go", test: "component/command TestRationsWhenTheClockIsSet",
			old: "at.After(most) {", new: "false {"},
		{name: "a form ends", file: "component/command/session.go", test: "component/command TestSessionsWhenTheClockIsSet",
			old: "if !s.now().Before(x.ends) {", new: "if false {"},
		{name: "the record outlives the clock", file: "store/audit.go", test: "store TestAuditWhenTheClockIsSet",
			old: "by.Before(now) {", new: "false && by.Before(now) {"},
	}
}

// link: gone, slow, or another's.
func link() []fault {
	return []fault{
		{name: "members are asked again after an outage", file: "component/attend.go", test: "component TestOutage/restart/fake",
			old: "		g.Lost()\n		a.put(g)\n", new: "		a.put(g)\n"},
		{name: "who is silent after an outage is offline", file: "roster/hear.go", test: "roster TestSweep",
			old: "if changed := m.presence.expire(m.Combination, g.sweep); changed != 0 {", new: "if changed := m.presence.content() & 0; changed != 0 {"},
		{name: "a server that answers no marker is left", file: "component/credit.go", test: "component TestHalfOpenLink/fake",
			old: "return len(c.marks) > 0 && now.Sub(c.marks[0].at) >= c.patience", new: "return false"},
		{name: "a marker leaves although nothing happens", file: "component/credit.go", test: "component TestHalfOpenLink/fake",
			old: "return len(c.marks) == 0 && now.Sub(c.last) >= c.keepalive", new: "return false"},
		{name: "a stuck write ends", file: "component/writer.go", test: "component TestBlockedWrite",
			old: "conn.SetWriteDeadline(time.Now().Add(o.timeout))", new: "conn.SetWriteDeadline(time.Time{})"},
		{name: "no more than the window is on its way", file: "component/credit.go", test: "component TestSlowServer",
			old: "return c.window - int(c.sent-c.acked) }", new: "return 1 << 30 }"},
		{name: "who is refused waits longer", file: "component/reconnect.go", test: "component TestConflict/fake",
			old: "min(max(2*b.wait, firstWait), longWait)", new: "20 * time.Millisecond"},
		{name: "who is thrown out waits", file: "component/link.go", test: "component TestConflictWhereTheNewerWins",
			old: "time.After(pause)", new: "time.After(0)"},
		{name: "another with our domain is noticed", file: "component/dispatch.go", test: "component TestTwinIsSaid",
			old: "ours && !l.twin &&", new: "false && ours && !l.twin &&"},
	}
}

// meanwhile: somebody else was faster.
func meanwhile() []fault {
	return []fault{
		{name: "a deleted group is not changed", file: "roster/edit.go", test: "roster TestChangesOfADeletedGroup",
			old: "if !closed {", new: "if closed = true; closed {"},
		{name: "who is forgotten is forgotten at once", file: "roster/erase.go", test: "cmd/internal/forget TestForgetsAtOnce",
			old: "err = g.authorize(ctx, jid, nil)", new: "err = g.storeAuthorization(ctx, jid, nil)"},
	}
}

// sources: whoever else keeps groups.
func sources() []fault {
	return []fault{
		{name: "a no outlives the list", file: "roster/mirror.go", test: "roster TestLeavingAForeignGroup",
			old: "if known && v.State == Declined && g.auths[want.JID] == nil {", new: "if false {"},
		{name: "a list is refused whole", file: "roster/mirror.go", test: "roster TestMirrorRefuses",
			old: "if err := validateMembers(d.Members); err != nil {\n		return err", new: "if err := validateMembers(d.Members); err != nil {\n		return nil"},
		{name: "what is hidden there is not listed here", file: "roster/mirror.go", test: "roster TestHiddenGroup",
			old: "case hidden && g.settings.Listed:", new: "case false:"},
		{name: "half a file is refused", file: "cmd/internal/lists/read.go", test: "cmd/internal/lists TestRead",
			old: "if len(data) == 0 || data[len(data)-1] != '\\n' {", new: "if false {"},
		{name: "a lost source is marked", file: "component/source/keeping.go", test: "component/source TestKeeperRetries",
			old: "		s.Lost(\"\", err)\n		if time", new: "		if time"},
		{name: "a list without end is given up", file: "component/source/tables.go", test: "component/source TestPeerWithoutEnd",
			old: "n.kept > n.room", new: "n.kept < 0"},
	}
}

// copies: by the server's multicast service, which stands beside its router.
func copies() []fault {
	return []fault{
		{name: "the service answers for itself", file: "component/credit.go", test: "component TestMarkersOfCopies", fast: true,
			old: " || string(from) != m.to", new: ""},
		{name: "markers go where the copies are made", file: "component/credit.go", test: "component TestMarkersOfCopies",
			old: "c.copied > c.acked && c.service != \"\"", new: "false"},
		{name: "copies use up credit", file: "component/writer.go", test: "component TestMarkersOfCopies",
			old: "int64(len(b) - control + extra)", new: "int64(len(b) - control + 0*extra)"},
		{name: "no answer overtakes a copy", file: "roster/copies.go", test: "roster TestCopies",
			old: "return g.aloftTo(q.Watcher) == 0", new: "return true"},
		{name: "an answer comes though there always is news", file: "roster/copies.go", test: "roster TestCopies",
			old: "len(g.asked) == 0 || !m.aloft(w)", new: "true || !m.aloft(w)"},
		{name: "what comes back is told again", file: "roster/landing.go", test: "roster TestCopies",
			old: "t.w.rewind(t.before)", new: "_ = t.before"},
		{name: "the service copies for its own users", file: "roster/copies.go", test: "roster TestCopies",
			old: " || domainOf(w.rec.Owner) != m.via.suffix", new: ""},
	}
}

// outposts: by the server's own PubSub service, where others may have nodes too.
func outposts() []fault {
	return []fault{
		{name: "a node of somebody else is not used", file: "roster/outpost_answer.go", test: "roster TestOutpostsTaken",
			old: "	case why != \"\":\n		g.ground(w, why)\n", new: ""},
		{name: "nothing is published before the watcher is there", file: "roster/outpost_answer.go", test: "roster TestOutposts",
			old: "case kind == idSubscribe && o.state == created:", new: "case o.state == created:"},
		{name: "answers of another connection do not count", file: "roster/outpost_answer.go", test: "roster TestOutpostsReconnect",
			old: " || o.life != life", new: ""},
		{name: "whose watch ends loses his node", file: "roster/outpost.go", test: "roster TestOutpostsEnd",
			old: "	g.razed = append(g.razed, razed{o.node, w.to})\n", new: ""},
		{name: "a node that is lost is made again", file: "roster/outpost_answer.go", test: "roster TestOutpostsLost",
			old: "	w.renew()\n}\n\n// barOutposts", new: "}\n\n// barOutposts"},
		{name: "a service that refuses is not waited for", file: "roster/outpost_answer.go", test: "roster TestOutpostsRefused",
			old: "		r.barOutposts(why)\n", new: "		_ = why\n"},
	}
}
