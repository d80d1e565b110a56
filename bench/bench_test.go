package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-floor") {
		fmt.Fprintln(os.Stderr, serveFloor())
		os.Exit(1)
	}
	status := m.Run()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// Three members, on both servers: whatever is offered is accounted for, and
// comes. How fast is not looked at.
func TestEverythingArrives(t *testing.T) {
	program := filepath.Join(t.TempDir(), "rollcall")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/rollcall").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := plan{Sizes: []size{{1, 3}}, Runs: 1, Modest: 400 * time.Millisecond, Probe: 20 * time.Millisecond, Saturated: 100 * time.Millisecond, Burst: 3,
		Overload: 300 * time.Millisecond, Overloads: []size{{1, 3}}}
	for _, j := range []job{{way: "floor"}, {server: "prosody", way: "muc"}, {server: "prosody", way: "roster"}, {server: "prosody", way: "pubsub"},
		{server: "prosody", way: "rollcall"}, {server: "ejabberd", way: "rollcall"}, {server: "fake", way: "rollcall"},
		{server: "prosody", way: "rollcall-pubsub"}, {server: "ejabberd", way: "rollcall-pubsub"}} {
		t.Run(strings.Trim(j.server+"-"+j.way, "-"), func(t *testing.T) {
			t.Parallel()
			j.size = p.Sizes[0]
			x, err := p.phases(j).cell(t.Context(), j, program)
			if err != nil {
				t.Fatal(err)
			}
			own := strings.HasPrefix(j.way, "rollcall")
			for name, runs := range map[string][]run{"modest": x.Modest, "saturated": x.Saturated, "burst": x.Burst} {
				if len(runs) == 0 && !(name == "burst" && j.server == "fake") {
					t.Errorf("no run of %s", name)
				}
				for _, r := range runs {
					if r.Offered == 0 || r.Received+r.Superseded != r.Offered || r.Lost != 0 || r.Bytes == 0 || r.P99 < r.P50 {
						t.Errorf("%s: %+v", name, r)
					}
					if r.Superseded > 0 && !own {
						t.Errorf("%s: %d superseded by who sends everything", name, r.Superseded)
					}
					if r.Superseded > 0 && name == "modest" && r.P99 < 100 {
						t.Errorf("%s: superseded although there was time: %+v", name, r)
					}
				}
			}
			if own != (x.OwnRSS > 0) || own && x.Saturated[0].Component == 0 {
				t.Errorf("the component: %d bytes, %v s", x.OwnRSS, x.Saturated[0].Component)
			}
		})
	}
}

// Who measures knows what did not arrive.
func TestLossIsSeen(t *testing.T) {
	b := newBoard(size{1, 3})
	seats := make([]*seat, 3)
	for i := range seats {
		seats[i] = &seat{member: i, board: b, last: make([]uint32, 3)}
	}
	hear := func(watcher, member int, seqs ...uint32) {
		var raw []byte
		for _, seq := range seqs {
			raw = state(raw, member, seq)
		}
		seats[watcher].take(append(append([]byte("<message>"), raw...), "</message>"...))
	}
	none := func() int64 { return 0 }
	for range 3 {
		b.offer(0)
	}
	b.offer(1)
	hear(1, 0, 1, 2, 3)
	hear(2, 0, 3) // 1 and 2 are superseded
	hear(2, 0, 2) // too late
	hear(0, 0, 3) // himself
	hear(0, 1, 1)
	if b.drain(time.Millisecond, none) { // 2 has not heard of 1
		t.Error("all is said to have arrived")
	}
	c := &cell{job: job{size: size{1, 3}}, board: b, seats: seats}
	got := c.harvest()
	if got.received != 5 || got.superseded != 2 || got.repeated != 1 {
		t.Errorf("%d received, %d superseded, %d repeated", got.received, got.superseded, got.repeated)
	}
	if lost := c.forget(); lost != 1 {
		t.Errorf("%d lost", lost)
	}
	if offered := b.total() * 2; offered != got.received+got.superseded+1 {
		t.Errorf("%d offered", offered)
	}
	b.offer(1)
	hear(2, 1, 2)
	hear(0, 1, 2)
	if !b.drain(time.Minute, none) || c.forget() != 0 {
		t.Error("what arrived behind a loss is lost")
	}
}

func TestMarker(t *testing.T) {
	b := append([]byte("~x ~12. ~.3~ "), appendMarker(appendMarker(nil, 0, 7), 499, 4_000_000)...)
	var got []string
	for m, seq, rest, ok := nextMarker(b); ok; m, seq, rest, ok = nextMarker(rest) {
		got = append(got, fmt.Sprint(m, ".", seq))
	}
	if fmt.Sprint(got) != "[0.7 499.4000000]" {
		t.Error(got)
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for i := range 100_000 {
		h.add(time.Duration(i) * time.Microsecond)
	}
	for q, want := range map[float64]float64{0.5: 50, 0.95: 95, 0.99: 99} {
		if got := ms(h.quantile(q)); got > want || got < want*0.96 {
			t.Errorf("quantile %v is %v ms", q, got)
		}
	}
	for v := range uint64(1 << 20) {
		if f := floorOf(class(v)); f > v || float64(f) < float64(v)*0.96 {
			t.Fatalf("%d is in the class from %d", v, f)
		}
	}
	if new(histogram).quantile(0.5) != 0 {
		t.Error("a median of nothing")
	}
}

func TestPlan(t *testing.T) {
	p := fullPlan()
	for _, bad := range [][3]string{{"1", "", ""}, {"x5", "", ""}, {"100x100", "", ""}, {"", "apache", ""}, {"", "", "fax"}} {
		if p.set(bad[0], bad[1], bad[2]) == nil {
			t.Errorf("%q is a plan", bad)
		}
	}
	p = fullPlan()
	if err := p.set("50,20x25", "ejabberd,prosody", "muc,floor,rollcall-multicast"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, j := range p.jobs() {
		got = append(got, j.String())
	}
	want := "ejabberd muc 50,prosody muc 50,growth,floor 50,ejabberd rollcall-multicast 50,prosody rollcall-multicast 50,floor 20x25," +
		"ejabberd muc 20x25,ejabberd rollcall-multicast 20x25,prosody muc 20x25,prosody rollcall-multicast 20x25"
	if strings.Join(got, ",") != want {
		t.Error(got)
	}
}

// A cell that fails costs itself and nothing else; what was measured is kept, and
// a later run measures what is missing.
func TestFailureEndsNothing(t *testing.T) {
	p := plan{Sizes: []size{{1, 3}}, Servers: []string{"fake"}, Ways: []string{"floor", "rollcall"}, Runs: 1, Modest: 200 * time.Millisecond}
	r, kept := &report{}, 0
	err := p.measure(t.Context(), r, "/nowhere/rollcall", io.Discard, func(*report) error { kept++; return nil })
	if err != nil || len(r.Cells) != 1 || r.Cells[0].Way != "floor" || len(r.Left) != 1 || !strings.Contains(r.Left[0], "fake rollcall 3") {
		t.Fatalf("%v, %+v", err, r)
	}
	if kept != 4 { // the floor, the failure, the failure again, the end
		t.Errorf("kept %d times", kept)
	}
	p.Servers, kept = nil, 0
	if err := p.measure(t.Context(), r, "", io.Discard, func(*report) error { kept++; return nil }); err != nil || kept != 1 || len(r.Cells) != 1 || len(r.Left) != 0 {
		t.Errorf("%v, kept %d times: %+v", err, kept, r)
	}
}

// example is a report in which everything has its place.
func example() *report {
	r := &report{Made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Plan: fullPlan(), Left: []string{"prosody fax: no paper"}}
	for _, j := range r.Plan.jobs() {
		u := run{Offered: 1000, Received: 900, Superseded: 100, Rate: 20_000, Current: 22_000, Bytes: 300_000, Server: 0.04, P50: 4, P95: 8, P99: 9, Ping99: 70, Settled: 8}
		if strings.HasPrefix(j.way, "rollcall") {
			u = run{Offered: 1000, Received: 900, Superseded: 100, Rate: 110_000, Bytes: 300_000, Server: 0.002, Component: 0.0001, P50: 5, P99: 12, Ping99: 70, Settled: 0.5}
		}
		x := result{Server: j.server, Way: j.way, Size: j.size, Modest: []run{u}, Saturated: []run{u}, ServerRSS: 1 << 25}
		if j.size == twoHundred {
			x.Burst = []run{u}
		}
		r.Cells = append(r.Cells, x)
	}
	return r
}

func TestGoals(t *testing.T) {
	r := example()
	if n := len(r.goals()); n != 10+11+2 {
		t.Errorf("%d goals", n)
	}
	for _, g := range r.goals() {
		if !g.Known || !g.Met() {
			t.Errorf("%s %s: %v %s %v", g.Where, g.Text, g.Value, g.Sign(), g.Limit)
		}
	}
	for i := range r.Cells {
		if r.Cells[i].Way == "muc" {
			for _, runs := range [][]run{r.Cells[i].Modest, r.Cells[i].Saturated, r.Cells[i].Burst} {
				for k := range runs {
					runs[k].P50, runs[k].Rate, runs[k].Settled, runs[k].Server = 1, 50_000, 1, 0.0005
				}
			}
		}
	}
	for _, g := range r.goals() {
		if g.Met() && !strings.Contains(g.Text, "share") && !strings.Contains(g.Text, "ping") && g.Name != "e" {
			t.Errorf("%s %s is met: %v", g.Where, g.Text, g.Value)
		}
	}
	r.Cells = nil
	for _, g := range r.goals() {
		if g.Met() || g.Verdict() != "not measured" {
			t.Errorf("%s is %s without a figure", g.Text, g.Verdict())
		}
	}
}

// The documents can be made again from the file.
func TestDocuments(t *testing.T) {
	r, dir := example(), t.TempDir()
	r.Cells[0].Overload = []run{{Offered: 1, Received: 1, Strain: &strain{Memory: []point{{0, 1e7}, {1, 2e7}, {2, 3e7}},
		Replies: []served{{What: "ping", N: 5, P99: 7}}}}}
	r.Growth = &grown{Sites: sites(), Start: startup{Groups: 3, Memberships: 4, Ready: 0.5}}
	for i := range r.Growth.Sites {
		r.Growth.Sites[i].CPU, r.Growth.Sites[i].Absent, r.Growth.Sites[i].There = float64(40+i), 400, 500
	}
	file := filepath.Join(dir, "performance.json")
	if err := r.write(file); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), []string{"-from", file, "-docs", dir}); err != nil {
		t.Fatal(err)
	}
	for name, want := range r.documents() {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s differs when made again: %v", name, err)
		}
		if strings.HasSuffix(name, ".svg") {
			wellFormed(t, name, want)
		}
	}
	page := r.documents()["performance.md"]
	for _, want := range []string{"| 20x25 | room (MUC) | prosody |", "## Overload", "## Growth", "| ping | 5 | 0 |", "| growth | 1000 × 100 members | bytes of RSS for a member, nobody there | 400 | ≤ 300 | **missed** |", "no paper", "images/performance-burst.svg", "| met |", "2026-01-02 03:04"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func wellFormed(t *testing.T, name, text string) {
	t.Helper()
	rects := 0
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if start, ok := token.(xml.StartElement); ok && (start.Name.Local == "rect" || start.Name.Local == "circle") {
			rects++
		}
	}
	if rects < 10 && !strings.HasSuffix(name, "overload.svg") || strings.Contains(text, "NaN") {
		t.Errorf("%s has %d bars", name, rects)
	}
}

// What is in docs/ was made by this program from the figures beside it.
func TestDocumentsAreCurrent(t *testing.T) {
	r, err := readReport("../docs/performance.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range r.documents() {
		got, err := os.ReadFile(filepath.Join("../docs", name))
		if err != nil || string(got) != want {
			t.Errorf("docs/%s is not of today (%v): go run ./bench -from docs/performance.json", name, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.123: "0.12", 5.678: "5.68", 56.78: "56.8", 567.8: "568", 5678: "5,680", 1234567: "1,230,000"} {
		if got := num(v); got != want {
			t.Errorf("num(%v) = %q", v, got)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 7.5: "7.5", 250: "250", 12_345: "12.3 k", 2.5e6: "2.5 M"} {
		if got := brief(v); got != want {
			t.Errorf("brief(%v) = %q", v, got)
		}
	}
}

// Each form is one stanza, to whomever it is.
func TestForms(t *testing.T) {
	for _, f := range forms() {
		in := frame.NewReader(strings.NewReader(f.start+"user0000@"+host+f.rest), maxFrame, maxDepth)
		raw, err := in.Next()
		var st frame.Stanza
		if err != nil || !frame.Parse(raw, &st) || string(st.To) != "user0000@"+host {
			t.Errorf("%s: %q to %q, %v", f.text, raw, st.To, err)
			continue
		}
		if _, err := in.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: something is behind it: %v", f.text, err)
		}
		if err := xml.Unmarshal(raw, new(struct{})); err != nil {
			t.Errorf("%s: %v", f.text, err)
		}
	}
}
