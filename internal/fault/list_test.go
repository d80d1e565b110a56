package fault

// faults is the list, by what goes wrong.
func faults() []fault {
	var all []fault
	for _, part := range [][]fault{killed(), disk(), flood(), clock()} {
		all = append(all, part...)
	}
	return all
}

// killed: the process, at any moment.
func killed() []fault {
	return []fault{
		{name: "acknowledged when stored", file: "store/batch.go", test: "store TestKill", fast: true,
			old: "	answers := make([]error, len(jobs))\n	began := time.Now()\n",
			new: "	answers := make([]error, len(jobs))\n	began := time.Now()\n	for _, j := range jobs {\n		j.done <- nil\n		j.done = make(chan error, 1)\n	}\n"},
		{name: "a change is whole or not at all", file: "store/batch.go", test: "store TestKill",
			old: "func (b *batcher) exec(command string) error {\n", // then each statement is a transaction
			new: "func (b *batcher) exec(command string) error {\n	if command[0] != 'P' {\n		return nil\n	}\n"},
	}
}

// disk: full, read-only, locked.
func disk() []fault {
	return []fault{
		{name: "undone when the disk is full", file: "store/batch.go", test: "store TestFaults/full",
			old: "if refused = c(); refused != nil {", new: "if refused = c(); false {"},
		{name: "a full disk is said so", file: "store/errors.go", test: "store TestFaults/full",
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
			old: "l.g.Hear(l.bare, l.resource, &l.p)\n			delete(c.held, key)", new: "l.g.Hear(l.bare, l.resource, &l.p)\n			_ = key"},
		{name: "a device that is gone is forgotten", file: "roster/presence.go", test: "component TestFlood",
			old: "p.devices = slices.Delete(p.devices, i, i+1)", new: "p.devices[i].show = Offline"},
	}
}

// clock: set forwards and back.
func clock() []fault {
	return []fault{
		{name: "a clock set back undoes what began", file: "roster/authorize.go", test: "roster TestRulesHoldWhenTheClockIsSet",
			old: "back := now.Before(g.latest)", new: "back := false"},
		{name: "the alarm rings though nothing is ahead", file: "roster/authorize.go", test: "roster TestRulesHoldWhenTheClockIsSet",
			old: "len(g.timed) == 0 && g.nextDefault(time.Time{}).IsZero()", new: "g.first().IsZero()"},
		{name: "an alarm never waits for long", file: "roster/authorize.go", test: "roster TestRulesHoldWhenTheClockIsSet",
			old: "wait = min(first.Sub(g.now()), wait)", new: "wait = first.Sub(g.now())"},
		{name: "delivery by the time that passes", file: "roster/pace.go", test: "roster TestDeliveryGoesOnWhenTheClockIsSet",
			old: "now.Truncate(period).Add(period).Sub(now)", new: "max(now.Truncate(period).Add(period).Sub(g.ticked), time.Second)"},
	}
}
