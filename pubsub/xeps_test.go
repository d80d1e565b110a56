package pubsub_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// features are those of XEP-0060 §10, and of XEP-0248 §3.
var features = strings.Fields(`access-authorize access-open access-presence access-roster access-whitelist auto-create auto-subscribe
	config-node create-and-configure create-nodes delete-items delete-nodes filtered-notifications get-pending instant-nodes item-ids
	last-published leased-subscription manage-subscriptions member-affiliation meta-data modify-affiliations multi-items multi-subscribe
	outcast-affiliation persistent-items presence-notifications presence-subscribe publish publish-options publish-only-affiliation
	publisher-affiliation publish-node-full purge-nodes retract-items retrieve-affiliations retrieve-default retrieve-default-sub
	retrieve-items retrieve-subscriptions subscribe subscription-options subscription-notifications collections`)

// TestXEPs keeps docs/xeps.md true: it has a row for each feature, the files
// and tests that it names exist, and discovery lists exactly what it says is
// met.
func TestXEPs(t *testing.T) {
	page, err := os.ReadFile("../docs/xeps.md")
	if err != nil {
		t.Fatal(err)
	}
	known := proofs(t)
	var seen []string
	at := map[string][]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (.*) \|$`).FindAllStringSubmatch(string(page), -1) {
		cells := strings.Split(row[1], " | ")
		if cells[0] == "feature" || cells[0] == "requirement" || cells[0] == "what" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		where, proved := cells[len(cells)-2], cells[len(cells)-1]
		checkRow(t, known, row[1], where, proved)
		if len(cells) != 4 {
			continue
		}
		seen = append(seen, cells[0])
		for _, who := range map[string][]string{"group": {"group"}, "service": {"service"}, "both": {"group", "service"}}[cells[1]] {
			at[who] = append(at[who], cells[0])
		}
		if (cells[1] == "-") != (where == "-") {
			t.Errorf("met or not: %s", row[1])
		}
	}
	slices.Sort(seen)
	want := slices.Sorted(slices.Values(features))
	if !slices.Equal(seen, want) {
		t.Errorf("rows are for\n%q, want\n%q", seen, want)
	}
	o := open(t, roster.Settings{})
	for who, group := range map[string]string{"group": "team", "service": ""} {
		var listed []string
		for _, m := range featureOf.FindAllStringSubmatch(o.ask("bob", "get", group, "<query xmlns='"+pubsub.NSInfo+"'/>"), -1) {
			if name, ok := strings.CutPrefix(m[1], pubsub.NSPubSub+"#"); ok {
				listed = append(listed, name)
			}
		}
		slices.Sort(listed)
		slices.Sort(at[who])
		if !slices.Equal(listed, at[who]) {
			t.Errorf("the %s lists\n%q, the page says\n%q", who, listed, at[who])
		}
	}
}

// checkRow looks for the files and the tests that a row names; what is not met
// has a sentence.
func checkRow(t *testing.T, known map[string]bool, row, where, proved string) {
	t.Helper()
	if where == "-" {
		for _, name := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(proved, -1) {
			if !known[name[1]] {
				t.Errorf("no such test: %s", name[1])
			}
		}
		if !strings.Contains(proved, " ") {
			t.Errorf("no reason: %s", row)
		}
		return
	}
	for _, file := range strings.Split(where, ", ") {
		if _, err := os.Stat("../" + file); err != nil {
			t.Errorf("no such file: %s", file)
		}
	}
	for _, test := range strings.Split(proved, ", ") {
		if !known[test] {
			t.Errorf("no such test: %q in %s", test, row)
		}
	}
}

// proofs are the names of all tests and plays.
func proofs(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, dir := range []string{".", "../roster", "../component", "../cmd/rollcall"} {
		files, err := filepath.Glob(dir + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				known[m[1]] = true
			}
		}
	}
	plays, err := filepath.Glob("../cmd/rollcall/testdata/plays/*.play")
	if err != nil || len(plays) == 0 {
		t.Fatalf("no plays: %v", err)
	}
	for _, name := range plays {
		known[filepath.Base(name)] = true
	}
	return known
}
