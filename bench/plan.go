package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// size is how many groups there are, and members in each; all of them watch.
type size struct{ Groups, Members int }

// String is "50" for one group of fifty, "20x25" for twenty of twenty-five.
func (s size) String() string {
	if s.Groups == 1 {
		return strconv.Itoa(s.Members)
	}
	return fmt.Sprintf("%dx%d", s.Groups, s.Members)
}

func (s size) clients() int { return s.Groups * s.Members }

var errSize = errors.New("not a size: write 50 for one group of fifty, 20x25 for twenty of twenty-five")

func parseSize(text string) (s size, err error) {
	groups, members, many := strings.Cut(text, "x")
	if !many {
		groups, members = "1", groups
	}
	s.Groups, err = strconv.Atoi(groups)
	if err == nil {
		s.Members, err = strconv.Atoi(members)
	}
	if err != nil || s.Groups < 1 || s.Members < 2 || s.clients() > 2000 {
		return s, fmt.Errorf("%q is %w", text, errSize)
	}
	return s, nil
}

// plan is what a run measures.
type plan struct {
	Sizes   []size
	Servers []string // prosody, ejabberd; fake: nothing that costs, for the component alone
	Ways    []string
	Select  bool // leave out what tells little: see [plan.has]
	Runs    int  // of each phase; the document has medians

	Modest    time.Duration // one run of the phase
	Probe     time.Duration // one try for how many should be in flight
	Saturated time.Duration
	Overload  time.Duration // 0 = none
	Overloads []size        // whose cells of Rollcall have that phase
	Within    time.Duration // when to begin no further cell; 0 = when all is done
	Burst     int           // members, in a single group, whose cells have a burst; 0 = none
	Growth    bool          // what a change and a member cost, against how many there are
	Profile   string        // directory for profiles of a saturated run; "" = none
}

// fullPlan is what the document is made from.
func fullPlan() plan {
	return plan{
		Sizes:   []size{{1, 50}, {1, 200}, {20, 25}, {1, 10}, {1, 500}},
		Servers: []string{"prosody", "ejabberd", "fake"}, Ways: wayNames(), Select: true, Runs: 3,
		Modest: 2 * time.Second, Probe: 300 * time.Millisecond, Saturated: 1300 * time.Millisecond, Burst: 200,
		Overload: time.Minute, Overloads: []size{twoHundred}, Growth: true, Within: 24 * time.Minute,
	}
}

// quickPlan shows in a minute or two whether things work, and no more.
func quickPlan() plan {
	p := fullPlan()
	p.Sizes, p.Select, p.Runs, p.Overload, p.Growth = []size{{1, 20}}, false, 1, 0, false
	p.Modest, p.Probe, p.Saturated, p.Burst = time.Second, 200*time.Millisecond, 500*time.Millisecond, 20
	return p
}

// set changes what flags say; empty ones say nothing.
func (p *plan) set(sizes, servers, ways string) error {
	if sizes != "" {
		p.Sizes = nil
		for _, text := range strings.Split(sizes, ",") {
			s, err := parseSize(text)
			if err != nil {
				return err
			}
			p.Sizes = append(p.Sizes, s)
		}
		p.Overloads, p.Select = p.Sizes, false
	}
	if servers != "" {
		p.Servers = strings.Split(servers, ",")
	}
	if ways != "" {
		p.Ways = strings.Split(ways, ",")
	}
	for _, s := range p.Servers {
		if !slices.Contains(fullPlan().Servers, s) {
			return fmt.Errorf("%q is no server: write some of %s", s, strings.Join(fullPlan().Servers, ","))
		}
	}
	for _, w := range p.Ways {
		if !slices.Contains(wayNames(), w) {
			return fmt.Errorf("%q is no way: write some of %s", w, strings.Join(wayNames(), ","))
		}
	}
	return nil
}

// job is one cell to be measured, or what growth costs.
type job struct {
	server, way string
	size        size
	growth      bool
}

func (j job) String() string {
	if j.growth {
		return "growth"
	}
	return strings.TrimSpace(strings.Join([]string{j.server, j.way, j.size.String()}, " "))
}

// jobs are the cells in the order of their making: what the goals speak of
// first, then growth, and then the others, the more telling first. Those that
// are compared stand together.
func (p *plan) jobs() (jobs []job) {
	jobs = p.cells()
	if p.Growth {
		jobs = append(jobs, job{growth: true})
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return int(a.rank()) - int(b.rank()) })
	return jobs
}

// rank is how soon a job is made.
type rank int

const (
	matters rank = iota // a goal speaks of it, and it may be the best way there
	grows
	tells // it is there in every size
	compares
	completes
)

func (j job) rank() rank {
	switch {
	case j.growth:
		return grows
	case j.server == "fake", j.size == fifty && (j.way == "muc" || j.way == "rollcall"):
		return matters
	case j.size == twoHundred && (j.everywhere() || j.way == "rollcall-json" || j.way == "rollcall-multicast"):
		return matters
	case j.everywhere():
		return tells
	case !strings.HasPrefix(j.way, "rollcall"), j.way == "rollcall-pubsub" && j.size == twoHundred:
		return compares
	}
	return completes
}

// everywhere says whether the job's way is measured in every size: the room,
// Rollcall as it is, and Rollcall with all that helps.
func (j job) everywhere() bool {
	return j.way == "muc" || j.way == "rollcall" || j.way == "rollcall-multicast-json"
}

// has says whether a cell is part of the plan. Of sizes that no goal speaks of
// only a few ways are measured, and the floor but once, because of the time that
// all would take.
func (p *plan) has(j job) bool {
	switch {
	case !wayOf(j.way, j.size).on(j.server):
		return false
	case !p.Select:
		return true
	case j.server == "":
		return j.size == twoHundred
	case j.server == "fake":
		return j.size == twoHundred && j.way != "rollcall-json"
	}
	return j.size == fifty || j.size == twoHundred || j.everywhere()
}

func (p *plan) cells() (jobs []job) {
	for _, s := range p.Sizes {
		for _, server := range append([]string{""}, p.Servers...) {
			for _, w := range p.Ways {
				if j := (job{server: server, way: w, size: s}); p.has(j) {
					jobs = append(jobs, j)
				}
			}
		}
	}
	return jobs
}

// phases is the plan for one cell: no goal speaks of small and very large
// groups, so shorter runs will do.
func (p plan) phases(j job) plan {
	if p.Select && j.size != fifty && j.size != twoHundred {
		p.Modest, p.Saturated = p.Modest*5/8, p.Saturated*5/8
	}
	if p.Burst != j.size.Members || j.size.Groups > 1 || j.server == "fake" {
		p.Burst = 0
	}
	if j.way != "rollcall" || j.server == "fake" || !slices.Contains(p.Overloads, j.size) {
		p.Overload = 0
	}
	return p
}
