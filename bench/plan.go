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
	Runs    int // of each phase; the document has medians

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
		Servers: []string{"prosody", "ejabberd", "fake"}, Ways: wayNames(), Runs: 3,
		Modest: 2600 * time.Millisecond, Probe: 300 * time.Millisecond, Saturated: 1300 * time.Millisecond, Burst: 200,
		Overload: time.Minute, Overloads: []size{fifty, twoHundred}, Growth: true, Within: 24 * time.Minute,
	}
}

// quickPlan shows in a minute or two whether things work, and no more.
func quickPlan() plan {
	p := fullPlan()
	p.Sizes, p.Runs, p.Overload, p.Growth = []size{{1, 20}}, 1, 0, false
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
		p.Overloads = p.Sizes
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
// first, then growth, and then the others by the order of sizes. Those that are
// compared stand together.
func (p *plan) jobs() (jobs []job) {
	rest := p.cells()
	jobs = slices.DeleteFunc(slices.Clone(rest), func(j job) bool { return !j.matters() })
	if p.Growth {
		jobs = append(jobs, job{growth: true})
	}
	return append(jobs, slices.DeleteFunc(rest, job.matters)...)
}

func (p *plan) cells() (jobs []job) {
	for _, s := range p.Sizes {
		if slices.Contains(p.Ways, "floor") {
			jobs = append(jobs, job{way: "floor", size: s})
		}
		for _, server := range p.Servers {
			if server == "fake" && s != twoHundred && len(p.Sizes) > 1 {
				continue
			}
			for _, w := range p.Ways {
				if w != "floor" && wayOf(w, s).on(server) {
					jobs = append(jobs, job{server: server, way: w, size: s})
				}
			}
		}
	}
	return jobs
}

// matters says whether a goal speaks of the cell.
func (j job) matters() bool {
	switch j.size {
	case twoHundred:
		return j.server == "fake" || j.way == "muc" || j.way == "rollcall" || slices.Contains(targets(), j.way)
	case fifty:
		return j.way == "muc" || j.way == "rollcall"
	}
	return false
}

// phases is the plan for one cell: no goal speaks of small and very large
// groups, so shorter runs will do, and one burst.
func (p plan) phases(j job) plan {
	if j.size != fifty && j.size != twoHundred && len(p.Sizes) > 1 {
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
