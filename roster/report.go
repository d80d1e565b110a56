package roster

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Report is what a bot says on a member's behalf, as a whole: it takes the place
// of what the bot said before.
type Report struct {
	Bot      string    `json:"by"`
	Until    time.Time `json:"until"`
	Willing  []Willing `json:"willing,omitempty"` // their ends and sources are the report's
	Status   string    `json:"status,omitempty"`
	Activity string    `json:"activity,omitempty"` // an element of XEP-0108 that stands on its own, checked
}

// Bounds of a report.
const (
	MaxReport         = 24 * time.Hour
	MaxReportStatus   = 256 // bytes
	MaxReportActivity = 512 // bytes
)

// Source is who said something on a member's behalf, and until when it holds.
type Source struct {
	Bot   string
	Until time.Time
}

// reported is a text said on somebody's behalf; by is nil if there is none.
type reported struct {
	text string
	by   *Source
}

func (r *reported) equal(o *reported) bool {
	return r.text == o.text && (r.by == nil) == (o.by == nil) && (r.by == nil || r.by.Bot == o.by.Bot && r.by.Until.Equal(o.by.Until))
}

// what is the attributes that r is about.
func (r *Report) what() (mask policy.Mask) {
	if len(r.Willing) > 0 {
		mask |= policy.Willingness
	}
	if r.Status != "" {
		mask |= policy.Status
	}
	if r.Activity != "" {
		mask |= policy.Activity
	}
	return mask
}

// only is r without what mask does not have.
func (r Report) only(mask policy.Mask) Report {
	if mask&policy.Willingness == 0 {
		r.Willing = nil
	}
	if mask&policy.Status == 0 {
		r.Status = ""
	}
	if mask&policy.Activity == 0 {
		r.Activity = ""
	}
	return r
}

func (r *Report) equal(o *Report) bool {
	return r.Until.Equal(o.Until) && r.Status == o.Status && r.Activity == o.Activity && slices.Equal(r.Willing, o.Willing)
}

func (r *Report) validate() error {
	r.Until = r.Until.UTC().Truncate(time.Second)
	for i := range r.Willing {
		r.Willing[i].Until, r.Willing[i].Source = time.Time{}, ""
	}
	if err := text("report.status", r.Status, MaxReportStatus); err != nil {
		return err
	}
	if len(r.Activity) > MaxReportActivity {
		return invalid("report.activity", "has %d bytes, at most %d", len(r.Activity), MaxReportActivity)
	}
	if r.Until.Year() < 1970 || r.Until.Year() > 9999 {
		return invalid("report.until", "is missing")
	}
	return validateWilling(r.Willing)
}

// Report takes in what bot says on jid's behalf; one that says nothing takes
// back what it said. It is a bot of his if he trusts it ([Group.Trust]) with all
// that r is about; what nobody may see of him is not held, which the bot does
// not learn. ErrForbidden, ErrNoGroup for who may not know of the group,
// InvalidError.
func (g *Group) Report(ctx context.Context, bot, jid string, r Report) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	if err := g.mayReport(bot, jid, r.what()); err != nil {
		return err
	}
	if r.what() != 0 {
		now := g.now()
		if err := r.validate(); err != nil {
			return err
		}
		switch {
		case over(r.Until, now):
			return invalid("report.until", "is in the past")
		case r.Until.After(now.Add(MaxReport)):
			return invalid("report.until", "is more than %d hours from now", int(MaxReport/time.Hour))
		}
	}
	r.Bot = bot
	return g.rephraseLocked(ctx, jid, func(_ *member, w *speech) error {
		i := slices.IndexFunc(w.Reports, func(x Report) bool { return x.Bot == bot })
		if i >= 0 && w.Reports[i].equal(&r) {
			return nil
		}
		w.Reports = slices.DeleteFunc(slices.Clone(w.Reports), func(x Report) bool { return x.Bot == bot })
		if r.what() != 0 {
			w.Reports = append(w.Reports, r)
		}
		return nil
	})
}

// ReportToAll is [Group.Report] in all groups in which jid trusts bot with all
// that r is about. ErrForbidden if there is none.
func (r *Roster) ReportToAll(ctx context.Context, bot, jid string, rep Report) error {
	may := false
	for _, g := range r.memberships(jid) {
		trusts := g.Trusts(jid, bot)
		if trusts == 0 || rep.what()&^trusts != 0 {
			continue
		}
		switch err := g.Report(ctx, bot, jid, rep); {
		case err == nil:
			may = true
		case !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrNoGroup) && !errors.Is(err, ErrNoMember): // by now
			return err
		}
	}
	if !may {
		return ErrForbidden
	}
	return nil
}

// mayReport says whether bot may say that on member's behalf. Whether there is
// such a member is told to nobody whom he does not trust.
func (g *Group) mayReport(bot, jid string, what policy.Mask) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.live(jid)
	if g.closed {
		return ErrNoGroup
	}
	may := m.trusts(bot)
	if may == 0 {
		if err := g.mayKnow(bot); err != nil {
			return err
		}
		return ErrForbidden
	}
	if what&^may != 0 {
		return ErrForbidden
	}
	return nil
}

// unreport ends what bots said that are not trusted with it any more.
func (w *speech) unreport() {
	var left []Report
	for _, r := range w.Reports {
		for _, t := range w.trusts {
			if t.Bot != r.Bot {
				continue
			}
			if r = r.only(t.May); r.what() != 0 {
				left = append(left, r)
			}
		}
	}
	w.Reports = left
}

// Reported says whether bot changed what it says on a member's behalf, by what
// is stored of his words, and of which attributes it says something now.
func Reported(old, now, bot string) (what policy.Mask, changed bool) {
	if old == now {
		return 0, false
	}
	of := func(text string) (r Report) {
		s, err := parseSaid(text)
		if err != nil {
			return r
		}
		if i := slices.IndexFunc(s.Reports, func(x Report) bool { return x.Bot == bot }); i >= 0 {
			r = s.Reports[i]
		}
		return r
	}
	a, b := of(old), of(now)
	return b.what(), !a.equal(&b)
}

func leaks() bool { return leak.Face == "willing" }
