package roster_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What members say of their willingness, and a bot on their behalf, in the model
// of the world: what counts is worked out whenever somebody looks.

// FuzzSpeech is the same as TestSpeech for go test -fuzz.
func FuzzSpeech(f *testing.F) { f.Fuzz(rapid.MakeFuzz(speechProperty)) }

// TestSpeech: whatever a member says, publishes and lets others say, and whatever
// becomes of his rules, his devices and the clock meanwhile, everybody is shown
// what counts then.
func TestSpeech(t *testing.T) { rapid.Check(t, speechProperty) }

func speechProperty(t *rapid.T) {
	rec := team("ann", "bob")
	for _, n := range []roster.Node{roster.NodePresence, roster.NodeGroup} {
		rec.Subscriptions = append(rec.Subscriptions, roster.SubscriptionRecord{ID: n.String(), Node: n.String(), JID: at("bob"), Owner: at("bob")})
	}
	s := play(t, rec)
	s.do(op{kind: "hear", jid: at("ann"), resource: "desk", presence: roster.Presence{Show: roster.Online}})
	s.do(op{kind: "trust", jid: at("ann")})
	kinds := []string{"say", "say", "publish", "report", "report", "trust", "tick", "hear", "hear", "authorize", "elsewhere", "item", "onUnsubscribed", "onSubscribed", "remove", "add"}
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		o := drawOpOf(t, s.w, rapid.SampledFrom(kinds).Draw(t, "op"), at("ann"))
		if (o.kind == "authorize" || o.kind == "elsewhere" || o.kind == "remove" || o.kind == "onUnsubscribed") && rapid.IntRange(0, 3).Draw(t, "not") > 0 {
			continue
		}
		t.Log(o)
		s.do(o)
		if rapid.Bool().Draw(t, "settle") {
			s.settle(1 << 20)
		}
	}
	s.settle(1 << 20)
	s.end()
}

// speechOf is what stands of one member.
type speechOf struct {
	here, published []roster.Willing
	report          roster.Report
	trusts          bool
}

func drawWilling(t *rapid.T, now time.Time) (all []roster.Willing) {
	for _, app := range []string{"", "voice"} {
		if !rapid.Bool().Draw(t, "says "+app) {
			continue
		}
		x := roster.Willing{App: app, No: rapid.Bool().Draw(t, "no")}
		if minutes := rapid.SampledFrom([]int{0, 30, 90}).Draw(t, "for"); minutes > 0 {
			x.Until = now.Add(time.Duration(minutes) * time.Minute)
		}
		all = append(all, x)
	}
	return all
}

func drawReport(t *rapid.T, now time.Time) roster.Report {
	return roster.Report{Until: now.Add(time.Duration(rapid.SampledFrom([]int{30, 90}).Draw(t, "for")) * time.Minute),
		Willing: drawWilling(t, now), Status: rapid.SampledFrom([]string{"", "busy"}).Draw(t, "reported"), Activity: rapid.SampledFrom([]string{"", "<a/>"}).Draw(t, "at")}
}

// onSay lets it happen to the engine.
func (o op) onSay(s *stage) error {
	ctx := context.Background()
	switch o.kind {
	case "say":
		return s.g.Say(ctx, o.jid, func([]roster.Willing) ([]roster.Willing, error) { return slices.Clone(o.willing), nil })
	case "publish":
		payload, err := roster.FormatWilling(slices.Clone(o.willing))
		if err != nil || len(payload) == 0 {
			payload = nil
		}
		s.g.HearItem(o.jid, policy.Willingness, payload)
		return nil
	case "trust":
		return s.g.Trust(ctx, o.jid, func([]roster.Trust) ([]roster.Trust, error) {
			if o.early {
				return nil, nil
			}
			return []roster.Trust{{Bot: calendar, May: roster.Reportable}}, nil
		})
	}
	r := o.report
	r.Willing = slices.Clone(r.Willing)
	return s.g.Report(ctx, calendar, o.jid, r)
}

// inSay lets it happen to the model.
func (o op) inSay(w *world) error {
	p := w.people[o.jid]
	if o.kind == "report" && (p == nil || !p.spoken.trusts) {
		if w.knows(calendar) {
			return roster.ErrForbidden
		}
		return roster.ErrNoGroup
	}
	if p == nil {
		if o.kind == "publish" {
			return nil
		}
		if !w.knows(o.jid) {
			return roster.ErrNoGroup
		}
		return roster.ErrNoMember
	}
	unseen := w.kept(p)&policy.Willingness == 0
	switch o.kind {
	case "say":
		if unseen && len(o.willing) > 0 {
			return errors.New("nobody may see it")
		}
		p.spoken.here = o.willing
	case "publish":
		if p.rec.Ask == roster.Granted && !unseen {
			p.spoken.published = o.willing
		}
	case "trust":
		if p.spoken.trusts = !o.early; o.early {
			p.spoken.report = roster.Report{}
		}
	case "report":
		p.spoken.report = o.report
		p.spoken.keep(w.kept(p))
	}
	return nil
}

// keep forgets what mask does not have.
func (s *speechOf) keep(mask policy.Mask) {
	if !mask.Has(policy.Willingness) {
		s.here, s.published, s.report.Willing = nil, nil, nil
	}
	if !mask.Has(policy.Status) {
		s.report.Status = ""
	}
	if !mask.Has(policy.Activity) {
		s.report.Activity = ""
	}
}

// show fills it with what m shows at that time.
func (s *speechOf) show(it *roster.Item, m policy.Mask, now time.Time, status string, active bool) {
	lives := func(until time.Time) bool { return until.IsZero() || until.After(now) }
	report := s.report
	if !lives(report.Until) {
		report = roster.Report{}
	}
	counts := map[string]roster.Willing{}
	for _, x := range report.Willing {
		x.Until, x.Source = report.Until, calendar
		counts[x.App] = x
	}
	for _, list := range [][]roster.Willing{s.published, s.here} {
		for _, x := range list {
			if lives(x.Until) {
				counts[x.App] = x
			}
		}
	}
	if own, ok := counts[""]; ok && own.Source == "" { // that is a word on everything
		for app, x := range counts {
			if x.Source != "" {
				delete(counts, app)
			}
		}
	}
	if m.Has(policy.Willingness) {
		for _, x := range counts {
			it.Willing = append(it.Willing, x)
		}
		slices.SortFunc(it.Willing, func(a, b roster.Willing) int { return strings.Compare(a.App, b.App) })
	}
	by := &roster.Source{Bot: calendar, Until: report.Until}
	if m.Has(policy.Status) && status == "" && report.Status != "" {
		it.Status, it.StatusBy = report.Status, by
	}
	if m.Has(policy.Activity) && !active && report.Activity != "" {
		it.Published[9-8], it.ActivityBy = report.Activity, by
	}
}
