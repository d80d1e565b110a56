package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
)

type statusCmd struct {
	JSON bool `name:"json" help:"Print JSON, with the same facts."`
}

// Help implements [kong.HelpProvider].
func (statusCmd) Help() string {
	return `How the service is: its link to the server, what waits, what it takes, and how its sources and peers are. Figures only: who is there is for those to know whom each member has let see it.`
}

// Run shows how the service is.
func (c *statusCmd) Run(s *session) error {
	return s.ask(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		st, err := a.Status(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(st)
		}
		s.printf("%s", viewStatus(st, time.Now()))
		return nil
	})
}

func viewStatus(st admin.Status, now time.Time) string {
	link := "not attached to " + st.Server
	if st.Attached != nil {
		link = fmt.Sprintf("attached to %s for %s, answers in %s", st.Server, age(now.Sub(*st.Attached)), time.Duration(st.RTT*float64(time.Second)).Round(10*time.Microsecond))
	}
	ready := "no"
	switch {
	case st.Ready && st.Unasked > 0:
		ready = fmt.Sprintf("yes; the members of %s are still to be asked who is there", count(st.Unasked, "group"))
	case st.Ready && !st.Settled:
		ready = "yes; the last answers are awaited as to who is there"
	case st.Ready:
		ready = "yes"
	}
	rows := [][]string{
		{"Service", fmt.Sprintf("%s, version %s, running for %s", st.Domain, st.Version, age(now.Sub(st.Started)))},
		{"Link", link},
		{"Connections", fmt.Sprint(st.Connections)},
		{"Ready", ready},
		{"Groups", fmt.Sprintf("%d, %d of them wait for their turn", st.Groups, st.Waiting)},
		{"On the way", fmt.Sprintf("%s of presence, %s of answers", size(int64(st.Unacked)), size(int64(st.Control)))},
		{"Not heard", fmt.Sprintf("%d stanzas over the limits, %d of who asks too much", st.Refused, st.Limited)},
		{"Webhooks", fmt.Sprintf("%d, %d of them fail", st.Webhooks, st.Failing)},
		{"Memory", fmt.Sprintf("%s, %d goroutines", size(int64(st.HeapBytes)), st.Goroutines)},
	}
	return table(append(rows, viewOthers(&st, now)...))
}

// age is d as people say it.
func age(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d seconds", int(d.Seconds()))
}

type subscriptionsCmd struct {
	Group string `arg:"" help:"The group's name."`
	JSON  bool   `name:"json" help:"Print JSON: {\"subscriptions\": […], \"contacts\": […]}, as in group show."`
}

// Help implements [kong.HelpProvider].
func (subscriptionsCmd) Help() string {
	return `Who is told of the group: by a subscription to one of its nodes, or because he has it as a contact. Whether they are there to hear it is not shown.`
}

// Run lists who watches.
func (c *subscriptionsCmd) Run(s *session) error {
	return s.ask(func(ctx context.Context, cfg *config.Config, a *admin.Client) error {
		g, err := a.ShowGroup(ctx, c.Group)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(struct {
				Subscriptions []admin.Subscription `json:"subscriptions"`
				Contacts      []string             `json:"contacts"`
			}{g.Subscriptions, g.Contacts})
		}
		rows := [][]string{{"ADDRESS", "WATCHES", "BELONGS TO"}}
		for _, sub := range g.Subscriptions {
			rows = append(rows, []string{printable(sub.JID), sub.Node, printable(sub.Owner)})
		}
		for _, jid := range g.Contacts {
			rows = append(rows, []string{printable(jid), "contact", printable(jid)})
		}
		if len(rows) == 1 {
			s.printf("nobody watches %s\n", groupJID(cfg, c.Group))
			return nil
		}
		s.printf("%s", table(rows))
		return nil
	})
}

type auditCmd struct {
	Member userJID `help:"Only what concerns this user: what was done to him and by him, and to the groups he is in." placeholder:"JID"`
	Group  string  `help:"Only this group." placeholder:"NAME"`
	Limit  int     `help:"No more entries than so many." default:"100"`
	JSON   bool    `name:"json" help:"Print JSON: {\"entries\": [{\"id\": …, \"at\": …, \"actor\": …, \"action\": …}, …]}, the latest first."`
}

// Help implements [kong.HelpProvider].
func (auditCmd) Help() string {
	return `Who changed groups, members and policies, the latest last. An actor is a user's address, socket:NAME for who used this command line, or service. For example:

    rollcall audit --member alice@example.org`
}

// Run shows the audit log.
func (c *auditCmd) Run(s *session) error {
	if c.Limit <= 0 {
		return usageError{fmt.Errorf("--limit must be greater than 0")}
	}
	return s.ask(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		log, err := a.Audit(ctx, audit.Query{Member: string(c.Member), Group: c.Group, Limit: c.Limit})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(log)
		}
		if len(log.Entries) == 0 {
			s.printf("nothing is recorded\n")
			return nil
		}
		rows := [][]string{{"TIME (UTC)", "WHO", "DID", "GROUP", "WHOM", "DETAIL"}}
		for i := range log.Entries {
			e := log.Entries[len(log.Entries)-1-i]
			rows = append(rows, []string{e.At.UTC().Format("2006-01-02 15:04:05"), printable(e.Actor), e.Action, printable(e.Group),
				printable(e.Subject), printable(strings.ReplaceAll(e.Detail, "\n", "; "))})
		}
		s.printf("%s", table(rows))
		return nil
	})
}

type forgetCmd struct {
	JID   userJID `arg:"" name:"jid" help:"The user's address."`
	Hides bool    `help:"Forget also that others hide from him."`
	JSON  bool    `name:"json" help:"Print JSON, with the same facts."`
}

// Help implements [kong.HelpProvider].
func (forgetCmd) Help() string {
	return `Erases a person: memberships, policies, subscriptions, contacts, and what others' policies grant him; the audit log keeps what was done, under a name that says nothing. That others hide from him, and that he is banned, stays, for that is their will; it is told. Backups are yours to delete.

    rollcall forget eve@example.org`
}

// Run forgets the person.
func (c *forgetCmd) Run(s *session) error {
	return s.ask(func(ctx context.Context, _ *config.Config, a *admin.Client) error {
		r, err := a.Forget(ctx, string(c.JID), c.Hides)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.printJSON(r)
		}
		s.printf("forgot %s: %s, %s, %s, %d places in policies, %d in the audit log\n", printable(string(c.JID)),
			count(r.Memberships, "membership"), count(r.Subscriptions, "subscription"), count(r.Contacts, "contact"), r.Policies, r.Entries)
		for _, kept := range r.Kept {
			s.printf("kept  %s\n", printable(kept))
		}
		return nil
	})
}
