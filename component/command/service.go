package command

import (
	"context"
	"log/slog"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Config says what a Service is made of.
type Config struct {
	Roster *roster.Roster
	Domain string           // of the service
	Title  string           // its name for people
	Now    func() time.Time // nil = time.Now
	Log    *slog.Logger     // nil: nothing is logged

	// Hooks is how a webhook does; nil: nobody knows.
	Hooks func(group, name string) (hook.State, bool)

	// Audit is the record of who changed what; nil: there is none.
	Audit audit.Reader

	// Send lets f append whole stanzas to what is sent next; false: it cannot
	// take any now. nil: nothing can be told.
	Send func(f func([]byte) []byte) bool
}

// Service answers commands and chat.
type Service struct {
	cfg       Config
	words     []word
	languages *languages
	sessions  *sessions
	rations   *rations

	invitations, creations, tells, searches *rations
}

// New makes a service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Send == nil {
		cfg.Send = func(func([]byte) []byte) bool { return false }
	}
	return &Service{
		cfg: cfg, words: table(), languages: newLanguages(), sessions: newSessions(cfg.Now), rations: newRations(cfg.Now, ration, pause),
		invitations: newRations(cfg.Now, invitations, invitePause),
		creations:   newRations(cfg.Now, roster.MaxOwned, createPause),
		tells:       newRations(cfg.Now, tells, tellPause),
		searches:    newRations(cfg.Now, searches, searchPause),
	}
}

// call is somebody asking something somewhere.
type call struct {
	s     *Service
	from  string // full JID
	bare  string
	to    string // the address asked
	id    string // of the stanza
	chat  bool   // asked in a chat line
	lang  language
	group *roster.Group       // nil = the service itself is asked
	about *roster.Description // of the group
	zone  *time.Location      // the caller's, see now; nil = not looked for yet
}

// call opens a call. roster.ErrNoGroup when there is no such group, or not
// for him to know.
func (s *Service) call(ctx context.Context, q *pubsub.Request) (*call, error) {
	c := &call{s: s, from: q.From, bare: q.Bare(), to: q.To, id: q.ID, lang: s.languages.pick(q.Lang)}
	if q.Group == "" {
		return c, nil
	}
	g, err := s.cfg.Roster.Group(ctx, q.Group)
	if err != nil {
		return nil, err
	}
	if c.about, err = g.Describe(c.bare); err != nil {
		return nil, err
	}
	g.Alive(q.From)
	c.group = g
	return c, nil
}

func (c *call) place() place {
	if c.group == nil {
		return atService
	}
	return atGroup
}

// title is what people call what is asked.
func (c *call) title() string {
	if c.group == nil {
		return c.s.cfg.Title
	}
	return c.about.People()
}

// say is a text in the caller's language: an English format, and what stands
// in it.
func (c *call) say(format string, args ...any) string { return c.lang.say(format, args...) }

// words lists those the caller may use.
func (c *call) words() (all []*word) {
	for i := range c.s.words {
		if w := &c.s.words[i]; w.allows(c) {
			all = append(all, w)
		}
	}
	return all
}
