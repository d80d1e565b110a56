package metrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/metrics"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/store"
)

func registry() *prometheus.Registry {
	since := time.Now()
	return metrics.NewRegistry(metrics.Source{Version: "v1",
		Service: func() component.ServiceStats {
			return component.ServiceStats{Attached: &since, Connections: 2, Groups: 7, Presence: 11, Limited: 13, Peers: []component.PeerStats{{Address: "presence.example.org", Taking: 5, Heard: 4}},
				Outbox: component.OutboxStats{RTT: 1500 * time.Microsecond, BulkBytes: 17}}
		},
		Store: func() store.Stats { return store.Stats{Commits: 19, Full: 23, Busy: 2 * time.Second} },
	})
}

// help is what each metric that there is says of itself.
func help(t *testing.T) map[string]string {
	t.Helper()
	families, err := registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range families {
		all[f.GetName()] = f.GetHelp()
	}
	return all
}

func TestHandler(t *testing.T) {
	var unwell, unready error
	h := metrics.Handler(registry(), func(context.Context) error { return unwell }, func(context.Context) error { return unready })
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		body, _ := io.ReadAll(w.Body)
		return w.Code, string(body)
	}
	code, text := get("/metrics")
	for _, line := range []string{
		"rollcall_attached 1", "rollcall_ready 0", "rollcall_connections_total 2", "rollcall_groups 7",
		`rollcall_stanzas_received_total{kind="presence"} 11`, `rollcall_stanzas_refused_total{reason="rate"} 13`,
		"rollcall_server_rtt_seconds 0.0015", `rollcall_sent_bytes_total{lane="bulk"} 17`,
		"rollcall_store_commits_total 19", `rollcall_store_errors_total{reason="full"} 23`, "rollcall_store_seconds_total 2",
		`rollcall_build_info{version="v1"} 1`, `rollcall_peer_taking{peer="presence.example.org"} 5`, `rollcall_peer_heard{peer="presence.example.org"} 4`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("%d: there is no %s", code, line)
		}
	}
	unready = errors.New("not yet")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/debug/pprof/": 404} {
		if code, text := get(path); code != want {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	unwell = errors.New("no disk")
	if code, text := get("/healthz"); code != 503 || text != "no disk\n" {
		t.Errorf("healthz: %d %s", code, text)
	}
}

// The manual names each of our metrics with its help, and no other.
func TestManual(t *testing.T) {
	page, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(rollcall_[a-z_]+)`[^|]*\\| [^|]* \\| (.*) \\|$").FindAllStringSubmatch(string(page), -1)
	there := help(t)
	var named []string
	for _, row := range rows {
		named = append(named, row[1])
		if there[row[1]] != row[2] {
			t.Errorf("%s: the manual says %q, the metric %q", row[1], row[2], there[row[1]])
		}
	}
	for name, text := range there {
		if strings.HasPrefix(name, "rollcall_") && !slices.Contains(named, name) {
			t.Errorf("the manual does not have %s: %s", name, text)
		}
	}
}

// Every name in the dashboard is one of a metric that there is.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../../../packaging/grafana/rollcall.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	there, seen := help(t), 0
	name := regexp.MustCompile(`\b(rollcall|go|process)_[a-z_]+\b`)
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, n := range name.FindAllString(target.Expr, -1) {
				seen++
				if _, ok := there[n]; !ok {
					t.Errorf("%s: there is no %s", p.Title, n)
				}
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d names found", seen)
	}
}
