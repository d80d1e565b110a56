package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

//go:embed performance.md.tmpl
var page string

// writeDocuments writes performance.md and its plots below dir.
func writeDocuments(dir string, r *report) error {
	images := filepath.Join(dir, "images")
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	for name, text := range r.documents() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// documents are the files below docs/, by their names.
func (r *report) documents() map[string]string {
	files := map[string]string{}
	for name, c := range r.charts() {
		files["images/performance-"+name+".svg"] = c.svg()
	}
	for name, p := range r.plots() {
		files["images/performance-"+name+".svg"] = p.svg()
	}
	var b bytes.Buffer
	t := template.Must(template.New("page").Funcs(template.FuncMap{"num": num, "brief": brief}).Parse(page))
	if err := t.Execute(&b, view{r}); err != nil {
		files["performance.md"] = err.Error()
	} else {
		files["performance.md"] = b.String()
	}
	return files
}

// num writes a number with about three digits.
func num(v float64) string {
	switch {
	case math.Abs(v) >= 1000:
		s := fmt.Sprintf("%.0f", math.Round(v/math.Pow(10, math.Floor(math.Log10(v))-2))*math.Pow(10, math.Floor(math.Log10(v))-2))
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	case v == 0:
		return "0"
	}
	return fmt.Sprintf("%.2f", v)
}

// sorted are the cells from small to large.
func (r *report) sorted() (cells []*result) {
	for i := range r.Cells {
		cells = append(cells, &r.Cells[i])
	}
	slices.SortStableFunc(cells, func(x, y *result) int {
		return cmp.Or(cmp.Compare(x.Size.Groups, y.Size.Groups), cmp.Compare(x.Size.Members, y.Size.Members), x.order()-y.order())
	})
	return cells
}

// order is where the cell stands among those of its size.
func (x *result) order() int {
	return 100*slices.Index([]string{"", "prosody", "ejabberd", "fake"}, x.Server) + slices.Index(wayNames(), x.Way)
}

// view is what the page may ask.
type view struct{ *report }

func (v view) Goals() []goal { return append(v.goals(), v.growthGoals()...) }

// title is what a way is called in the document.
func title(way string) string {
	switch way {
	case "muc":
		return "room (MUC)"
	case "roster":
		return "shared roster"
	case "pubsub":
		return "server's PubSub"
	case "rollcall":
		return "Rollcall"
	case "rollcall-json":
		return "Rollcall, JSON"
	case "rollcall-contacts":
		return "Rollcall, contacts"
	case "rollcall-pubsub":
		return "Rollcall, server's PubSub"
	case "rollcall-multicast":
		return "Rollcall, multicast"
	}
	return way
}

// table lists one line of figures for each cell, below the heads.
func (v view) table(heads []string, cells func(x *result) []string) string {
	var b strings.Builder
	heads = append([]string{"members", "way", "server"}, heads...)
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat(" --- |", len(heads)))
	for _, x := range v.sorted() {
		if x.Server == "fake" {
			continue
		}
		if row := cells(x); row != nil {
			server := x.Server
			if server == "" {
				server = "–"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", x.Size, title(x.Way), server, strings.Join(row, " | "))
		}
	}
	return b.String()
}

func (v view) Modest() string {
	return v.table([]string{"p50 ms", "p95", "p99", "CPU ms per 1,000: server", "component", "bytes each", "lost"}, func(x *result) []string {
		m := x.Modest
		if len(m) == 0 {
			return nil
		}
		f := func(g func(run) float64) string { return num(median(m, g)) }
		return []string{f(func(u run) float64 { return u.P50 }), f(func(u run) float64 { return u.P95 }), f(func(u run) float64 { return u.P99 }),
			f(serverCost), f(componentCost), f(bytesEach), fmt.Sprint(lost(m))}
	})
}

func (v view) Saturated() string {
	heads := []string{"updates/s", "current/s", "p95 ms", "in flight", "CPU ms per 1,000: server", "component", "bytes each", "ping p50", "ping p99 ms", "superseded %", "lost"}
	return v.table(heads, func(x *result) []string {
		m := x.Saturated
		if len(m) == 0 {
			return nil
		}
		f := func(g func(run) float64) string { return num(median(m, g)) }
		ping := func(g func(run) float64) string {
			if x.Server == "" {
				return "–"
			}
			return f(g)
		}
		return []string{f(func(u run) float64 { return u.Rate }), f(func(u run) float64 { return u.Current }), f(func(u run) float64 { return u.P95 }),
			f(func(u run) float64 { return float64(u.InFlight) }), f(serverCost), f(componentCost), f(bytesEach),
			ping(func(u run) float64 { return u.Ping50 }), ping(func(u run) float64 { return u.Ping99 }),
			f(func(u run) float64 { return 100 * float64(u.Superseded) / max(1, float64(u.Offered)) }), fmt.Sprint(lost(m))}
	})
}

func (v view) Burst() string {
	heads := []string{"offered", "received", "superseded", "lost", "right after s", "CPU s: server", "component", "MB"}
	return v.table(heads, func(x *result) []string { return loadRow(x.Burst) })
}

func (v view) HasOverload() bool {
	return slices.ContainsFunc(v.Cells, func(x result) bool { return len(x.Overload) > 0 })
}

func (v view) Overload() string {
	heads := []string{"offered", "received", "superseded", "lost", "right after s", "CPU s: server", "component", "MB", "p95 ms", "RSS MB, most"}
	return v.table(heads, func(x *result) []string {
		row := loadRow(x.Overload)
		if row == nil {
			return nil
		}
		f := func(g func(run) float64) string { return num(median(x.Overload, g)) }
		return append(row, f(func(u run) float64 { return u.P95 }), f(func(u run) float64 { return float64(u.Peak) / 1e6 }))
	})
}

func loadRow(m []run) []string {
	if len(m) == 0 {
		return nil
	}
	f := func(g func(run) float64) string { return num(median(m, g)) }
	return []string{f(func(u run) float64 { return float64(u.Offered) }), f(func(u run) float64 { return float64(u.Received) }),
		f(func(u run) float64 { return float64(u.Superseded) }), fmt.Sprint(lost(m)), f(func(u run) float64 { return u.Settled }),
		f(func(u run) float64 { return u.Server }), f(func(u run) float64 { return u.Component }), f(func(u run) float64 { return float64(u.Bytes) / 1e6 })}
}

func (v view) Memory() string {
	return v.table([]string{"server MB", "component MB", "its GC's pauses, p99 ms"}, func(x *result) []string {
		if x.Size != twoHundred && x.Size != (size{1, 500}) || x.Server == "" {
			return nil
		}
		own, pause := "–", "–"
		if x.OwnRSS > 0 {
			own, pause = num(float64(x.OwnRSS)/1e6), num(x.Pause)
		}
		return []string{num(float64(x.ServerRSS) / 1e6), own, pause}
	})
}

func serverCost(u run) float64    { return 1e6 * u.Server / max(1, float64(u.Received)) }
func componentCost(u run) float64 { return 1e6 * u.Component / max(1, float64(u.Received)) }
func bytesEach(u run) float64     { return float64(u.Bytes) / max(1, float64(u.Received)) }

func lost(runs []run) (n int64) {
	for _, r := range runs {
		n += r.Lost
	}
	return n
}
