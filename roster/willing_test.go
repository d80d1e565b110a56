package roster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

func saying(all ...roster.Willing) func([]roster.Willing) ([]roster.Willing, error) {
	return func([]roster.Willing) ([]roster.Willing, error) { return all, nil }
}

// says wants bob to see that of ann's willingness: "voice=no", "=yes by cal…".
func says(t *testing.T, g *roster.Group, jid, want string) {
	t.Helper()
	said, err := g.Said(jid)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range said.Counts {
		word := fmt.Sprintf("%s=%v", x.App, !x.No)
		if x.Source != "" {
			word += " by " + x.Source
		}
		got = append(got, word)
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("says %q, want %q", strings.Join(got, ", "), want)
	}
}

// stored is what the store has of a member's words.
func stored(t *testing.T, s roster.Store, group, jid string) string {
	t.Helper()
	rec, err := s.GetGroup(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	return rec.Member(jid).Said
}

// The nearer word wins, application by application; his own over what is said
// for him.
func TestWordsCombine(t *testing.T) {
	kept := store.Memory()
	r, _, g := playOn(t, kept, team("ann", "bob"))
	ann := at("ann")
	trusting(t, g, ann, roster.Trust{Bot: calendar, May: roster.Reportable}, roster.Trust{Bot: "phone.example.org", May: policy.Willingness})
	report := func(bot string, list ...roster.Willing) {
		t.Helper()
		if err := g.Report(t.Context(), bot, ann, roster.Report{Until: noon.Add(time.Hour), Willing: list}); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	report(calendar, roster.Willing{No: true}, roster.Willing{App: "voice", No: true})
	says(t, g, ann, "=false by "+calendar+", voice=false by "+calendar)
	report("phone.example.org", roster.Willing{App: "voice"})
	says(t, g, ann, "=false by "+calendar+", voice=true by phone.example.org") // the latest
	payload, err := roster.FormatWilling([]roster.Willing{{App: "voice", No: true}, {App: "chat"}})
	must(err)
	g.HearItem(ann, policy.Willingness, payload)
	says(t, g, ann, "=false by "+calendar+", chat=true, voice=false")
	must(r.SayToAll(t.Context(), ann, saying(roster.Willing{App: "chat", No: true})))
	says(t, g, ann, "=false by "+calendar+", chat=false, voice=false")
	must(g.Say(t.Context(), ann, saying(roster.Willing{App: "chat"})))
	says(t, g, ann, "=false by "+calendar+", chat=true, voice=false")
	must(g.Say(t.Context(), ann, saying(roster.Willing{}))) // on everything: nothing is said for him any more
	says(t, g, ann, "=true, chat=false, voice=false")

	again := roster.New(roster.Options{Store: kept, Outbox: &outbox{}, Renderer: dialect{}, Now: func() time.Time { return noon }})
	h, err := again.Group(t.Context(), "team")
	must(err)
	says(t, h, ann, "=true, chat=false") // what is published has to be heard again
	must(h.Say(t.Context(), ann, saying()))
	says(t, h, ann, "=false by "+calendar+", chat=false, voice=true by phone.example.org")
	trusting(t, h, ann, roster.Trust{Bot: calendar, May: policy.Status})
	says(t, h, ann, "chat=false")
}

// A report is bounded in every way, and for nobody but who was named for it.
func TestReportsAreRefused(t *testing.T) {
	r, _, g := playOn(t, store.Memory(), team("ann", "bob"))
	ann, hour := at("ann"), noon.Add(time.Hour)
	trusting(t, g, ann, roster.Trust{Bot: calendar, May: policy.Willingness | policy.Status})
	no := []roster.Willing{{No: true}}
	for _, c := range []struct {
		bot, member string
		r           roster.Report
		want        error
	}{
		{calendar, ann, roster.Report{Until: hour, Willing: no}, nil},
		{calendar, ann, roster.Report{Until: hour, Activity: "<a/>"}, roster.ErrForbidden},
		{calendar, at("bob"), roster.Report{Until: hour, Willing: no}, roster.ErrNoGroup},
		{calendar, at("eve"), roster.Report{Until: hour, Willing: no}, roster.ErrNoGroup},
		{at("bob"), ann, roster.Report{Until: hour, Willing: no}, roster.ErrForbidden},
		{at("bob"), at("eve"), roster.Report{Until: hour, Willing: no}, roster.ErrForbidden},
		{at("eve"), ann, roster.Report{Until: hour, Willing: no}, roster.ErrNoGroup},
		{calendar, ann, roster.Report{Willing: no}, &roster.InvalidError{}},
		{calendar, ann, roster.Report{Until: noon, Willing: no}, &roster.InvalidError{}},
		{calendar, ann, roster.Report{Until: noon.Add(roster.MaxReport + time.Second), Willing: no}, &roster.InvalidError{}},
		{calendar, ann, roster.Report{Until: hour, Status: strings.Repeat("x", roster.MaxReportStatus+1)}, &roster.InvalidError{}},
		{calendar, ann, roster.Report{Until: hour, Status: "a\x00b"}, &roster.InvalidError{}},
		{calendar, ann, roster.Report{Until: hour, Willing: []roster.Willing{{App: "a b"}}}, &roster.InvalidError{}},
		{calendar, ann, roster.Report{Until: hour, Willing: make([]roster.Willing, roster.MaxWilling+1)}, &roster.InvalidError{}},
	} {
		err := g.Report(t.Context(), c.bot, c.member, c.r)
		var invalid *roster.InvalidError
		if errors.As(c.want, &invalid) && errors.As(err, &invalid) {
			continue
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s for %s %+v: %v, want %v", c.bot, c.member, c.r, err, c.want)
		}
	}
	says(t, g, ann, "=false by "+calendar)
	if err := r.ReportToAll(t.Context(), at("eve"), ann, roster.Report{}); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("to all groups: %v", err)
	}
	if err := r.ReportToAll(t.Context(), calendar, ann, roster.Report{}); err != nil { // takes it back
		t.Error(err)
	}
	says(t, g, ann, "")
	if _, err := g.Erase(t.Context(), calendar); err != nil || g.Trusts(ann, calendar) != 0 {
		t.Errorf("who was forgotten is trusted: %v", err)
	}
}

// What nobody may see is neither held nor stored, what nobody may see any more
// is forgotten, and what is said for all groups is taken over where it may be.
func TestWordsAreKeptWhereSeen(t *testing.T) {
	kept := store.Memory()
	r, _, g := playOn(t, kept, team("ann", "bob"))
	ann, ctx := at("ann"), t.Context()
	for _, name := range []string{"closed", "late"} {
		rec := team("ann")
		rec.Name = name
		if name == "late" {
			rec = team("bob")
			rec.Name = name
		} else {
			rec.Settings.Policy = "collect availability show\n"
		}
		if err := r.CreateGroup(ctx, rec); err != nil {
			t.Fatal(err)
		}
	}
	closed, late := r.Loaded([]byte("closed")), r.Loaded([]byte("late"))
	var invalid *roster.InvalidError
	if err := closed.Say(ctx, ann, saying(roster.Willing{No: true})); !errors.As(err, &invalid) {
		t.Errorf("kept where it is not collected: %v", err)
	}
	if err := r.SayToAll(ctx, ann, saying(roster.Willing{App: "marker", No: true})); err != nil {
		t.Fatal(err)
	}
	has := func(group string, want bool) {
		t.Helper()
		if got := strings.Contains(stored(t, kept, group, ann), "marker"); got != want {
			t.Errorf("%s: stored %v", group, got)
		}
	}
	has("team", true)
	has("closed", false)
	says(t, closed, ann, "")
	if err := r.AddMembers(ctx, "late", roster.MemberRecord{JID: ann, Affiliation: roster.Plain}); err != nil {
		t.Fatal(err)
	}
	has("late", true)
	says(t, late, ann, "marker=false")
	if err := r.UpdateGroup(ctx, "closed", func(s *roster.Settings) error { s.Policy = "collect all\n"; return nil }); err != nil {
		t.Fatal(err)
	}
	has("closed", true)
	if err := r.SetPolicy(ctx, "team", ann, "members: availability\n"); err != nil {
		t.Fatal(err)
	}
	has("team", false)
	says(t, g, ann, "")
	if err := closed.Authorize(ctx, ann, &policy.Authorization{}); err != nil { // shares nothing
		t.Fatal(err)
	}
	has("closed", false)
	if err := late.OnElsewhere(ctx, ann, &policy.Authorization{Share: true}); err != nil {
		t.Fatal(err)
	}
	has("late", false)
	if err := r.SayToAll(ctx, ann, saying(roster.Willing{App: "marker"})); !errors.As(err, &invalid) {
		t.Errorf("kept where nobody sees it: %v", err)
	}
	rec, err := r.ShowGroup(ctx, "team")
	if err != nil || rec.Member(ann).Said != "" {
		t.Errorf("an admin is shown %+v, %v", rec, err)
	}
}

// A word ends when it says, whatever the clock was set to meanwhile, and is
// forgotten an hour later, in the store as well.
func TestWordsEndByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := store.Memory()
		c := &clocked{t: t, out: &outbox{wake: make(chan struct{}, 1)}}
		c.r = roster.New(roster.Options{Store: kept, Outbox: c.out, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Now().Add(time.Duration(c.set.Load())) }})
		if err := c.r.CreateGroup(t.Context(), team("ann", "bob")); err != nil {
			t.Fatal(err)
		}
		c.g = c.r.Loaded([]byte("team"))
		c.hear(roster.Online)
		if _, err := c.g.Subscribe(t.Context(), at("bob"), at("bob"), roster.NodePresence, nil); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := c.g.Say(t.Context(), at("ann"), saying(roster.Willing{App: "voice", No: true, Until: began.Add(time.Hour)})); err != nil {
			t.Fatal(err)
		}
		c.told()
		tell := func(when string, wait time.Duration, set time.Duration, event, want bool) {
			t.Helper()
			c.set.Store(int64(set))
			time.Sleep(wait) // of the test's own clock: nobody waits
			synctest.Wait()
			got := c.told()
			if (got != "") != event || event && strings.Contains(got, "willing=") != want {
				t.Errorf("%s: told %q", when, got)
			}
		}
		tell("before", 30*time.Minute, 0, false, true)
		tell("forwards over the end", time.Minute, 40*time.Minute, true, false)
		tell("and back", time.Minute, 0, true, true)
		tell("at the end", 28*time.Minute+time.Millisecond, 0, true, false)
		if at := time.Since(began); at > time.Hour+time.Second {
			t.Errorf("ended after %v", at)
		}
		if stored(t, kept, "team", at("ann")) == "" {
			t.Error("forgotten at once: a clock that is set back cannot undo it")
		}
		tell("behind it", 61*time.Minute, 0, false, false)
		if said := stored(t, kept, "team", at("ann")); said != "" {
			t.Errorf("still stored: %s", said)
		}
		tell("long before", time.Minute, -24*time.Hour, false, false)
		if err := c.r.DeleteGroup(context.Background(), "team"); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever is said, an item keeps its size.
func TestWordsAreBounded(t *testing.T) {
	r, out, g := playOn(t, store.Memory(), team("ann", "bob"))
	ann := at("ann")
	list := func(prefix string) (all []roster.Willing) {
		for i := range roster.MaxWilling {
			all = append(all, roster.Willing{App: fmt.Sprintf("%s%d%s", prefix, i, strings.Repeat("x", roster.MaxApp-2)), No: true, Until: noon.Add(time.Hour)})
		}
		return all
	}
	g.Hear([]byte(ann), []byte("desk"), &roster.Presence{Show: roster.Online})
	var trusts []roster.Trust
	for i := range roster.MaxTrusts {
		trusts = append(trusts, roster.Trust{Bot: fmt.Sprintf("bot%d%s@example.org", i, strings.Repeat("x", roster.MaxBot-16)), May: roster.Reportable})
	}
	trusting(t, g, ann, trusts...)
	payload, err := roster.FormatWilling(list("p"))
	if err != nil {
		t.Fatal(err)
	}
	g.HearItem(ann, policy.Willingness, payload)
	for i, b := range trusts {
		r := roster.Report{Until: noon.Add(time.Hour), Willing: list(fmt.Sprint(i)), Status: strings.Repeat("'", roster.MaxReportStatus), Activity: strings.Repeat("x", roster.MaxReportActivity)}
		if err := g.Report(t.Context(), b.Bot, ann, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{g.Say(t.Context(), ann, saying(list("h")...)), r.SayToAll(t.Context(), ann, saying(list("a")...))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	said, err := g.Said(ann)
	if err != nil || len(said.Counts) != 16 {
		t.Errorf("%d count, %v", len(said.Counts), err)
	}
	if err := g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: at("bob"), To: at("bob"), IDs: []string{ann}, Max: -1, Index: -1}); err != nil {
		t.Fatal(err)
	}
	b, _ := out.next().Turn(nil, 1<<20)
	if len(b) > roster.MaxItem/2 || !strings.Contains(string(b), "willing=") {
		t.Errorf("an item of %d bytes", len(b))
	}
}

// Who does not want to be written to is not asked for a minute.
func TestCallsAreForTheWilling(t *testing.T) {
	_, _, g := playOn(t, store.Memory(), team("ann", "bob"))
	g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{Show: roster.Online})
	for _, c := range []struct {
		says []roster.Willing
		seen int
	}{
		{nil, 1}, {[]roster.Willing{{No: true}}, 0}, {[]roster.Willing{{No: true}, {App: "chat"}}, 1}, {[]roster.Willing{{App: "voice", No: true}}, 1},
		{[]roster.Willing{{App: "chat", No: true}}, 0},
	} {
		if err := g.Say(t.Context(), at("ann"), saying(c.says...)); err != nil {
			t.Fatal(err)
		}
		if seen, _, err := g.Reach(at("bob"), roster.Selection{Call: roster.CallWilling}); err != nil || seen != c.seen {
			t.Errorf("%v: %d meant, %v", c.says, seen, err)
		}
	}
}
