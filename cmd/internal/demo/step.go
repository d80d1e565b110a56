package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// step is one scene: what is done, and how it should look then.
type step struct {
	at   string // the story's clock
	text string
	acts []act
	then []outcome
}

// act is one thing that one person does. plan writes down the fact; do does
// it.
type act struct {
	plan    func(*people)
	do      func(context.Context, *stage) error
	command bool // it is no member's word: how long it took says nothing
}

// outcome is what somebody should look like, said by hand: nothing here
// repeats the rule by which devices are combined.
type outcome struct {
	user   string // "" = the group itself
	change func(*people)
}

// stage is all seats and the account of what happened.
type stage struct {
	world    *world
	seats    []*seat
	observer *seat
	people   *people
	patience time.Duration // for what should take milliseconds
	sent     time.Time     // when the first act of the step under way was sent
}

func (st *stage) seat(user, device string) *seat {
	i := slices.IndexFunc(st.seats, func(s *seat) bool { return s.user == user && s.device == device })
	if i >= 0 {
		return st.seats[i]
	}
	s := newSeat(user, device, st.world.group(), "")
	st.seats = append(st.seats, s)
	return s
}

// word notes the time of the first word of the step, which is about to be
// sent.
func (st *stage) word() {
	if st.sent.IsZero() {
		st.sent = time.Now()
	}
}

// presence is what a device sends (RFC 6121 §4.7), idle since some time ago
// if that is not zero (XEP-0319).
func presence(show watch.Show, status string, idle time.Duration) string {
	b := "<presence>"
	if show != watch.Available {
		b += "<show>" + string(show) + "</show>"
	}
	if status != "" {
		b += "<status>" + lab.Text(status) + "</status>"
	}
	if idle > 0 {
		b += "<idle xmlns='urn:xmpp:idle:1' since=" + lab.Attr(time.Now().Add(-idle).UTC().Format(time.RFC3339)) + "/>"
	}
	return b + "</presence>"
}

func uses(user, device string, show watch.Show) func(*people) {
	return func(p *people) { p.of(user).devices[device] = show }
}

// arrives logs a device in.
func arrives(user, device string, show watch.Show, status string) act {
	return act{plan: uses(user, device, show), do: func(ctx context.Context, st *stage) error {
		s := st.seat(user, device)
		if err := s.login(ctx, st.world.server); err != nil {
			return err
		}
		st.word()
		return s.appear(presence(show, status, 0))
	}}
}

// says changes a device's presence.
func says(user, device string, show watch.Show, status string) act {
	return rests(user, device, show, status, 0)
}

// rests is says with a device that nobody has touched for some time.
func rests(user, device string, show watch.Show, status string, idle time.Duration) act {
	return act{plan: uses(user, device, show), do: func(_ context.Context, st *stage) error {
		st.word()
		return st.seat(user, device).send(presence(show, status, idle))
	}}
}

// feels publishes a mood at the user's own server (XEP-0107).
func feels(user, device, mood, text string) act {
	plan := func(p *people) {
		if !p.muted {
			p.of(user).mood = text
		}
	}
	return act{plan: plan, do: func(ctx context.Context, st *stage) error {
		s := st.seat(user, device)
		c := s.online()
		if c == nil {
			return fmt.Errorf("publish from %s: it is off", s)
		}
		st.word()
		answer, err := c.Query(ctx, "", "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='http://jabber.org/protocol/mood'><item>"+
			"<mood xmlns='http://jabber.org/protocol/mood'><"+mood+"/><text>"+lab.Text(text)+"</text></mood></item></publish></pubsub>")
		if err == nil && answer.Type != "result" {
			err = fmt.Errorf("publish from %s: %s", s, answer.Raw)
		}
		return err
	}}
}

// leaves logs a device out; vanishes breaks its connection.
func leaves(user, device string) act   { return gone(user, device, false) }
func vanishes(user, device string) act { return gone(user, device, true) }

func gone(user, device string, drop bool) act {
	plan := func(p *people) {
		if m := p.of(user); m != nil {
			delete(m.devices, device)
		}
	}
	return act{plan: plan, do: func(_ context.Context, st *stage) error {
		st.word()
		return st.seat(user, device).logout(drop)
	}}
}

// joins makes the group a contact of the user and subscribes the seat to its
// node.
func joins(user, device string) act {
	return act{plan: func(*people) {}, do: func(ctx context.Context, st *stage) error {
		s := st.seat(user, device)
		if err := s.send("<presence type='subscribe' to=" + lab.Attr(s.group) + "/>"); err != nil {
			return err
		}
		return s.subscribe(ctx)
	}}
}

// admin is a command of an admin, about a member if user is not "".
func admin(user string, args ...string) act {
	return act{plan: func(*people) {}, command: true, do: func(ctx context.Context, st *stage) error {
		return st.world.keep(ctx, st.world.command(user, args))
	}}
}

// command puts the group and the member behind the first two words.
func (w *world) command(user string, args []string) []string {
	out := append(slices.Clone(args[:2]), groupName)
	if user != "" {
		out = append(out, w.bare(user))
	}
	return append(out, args[2:]...)
}

func looks(user string, show watch.Show, status string) outcome {
	return outcome{user, func(p *people) { m := p.of(user); m.show, m.status, m.idle = show, status, false }}
}

func looksIdle(user string, show watch.Show, status string) outcome {
	return outcome{user, func(p *people) { m := p.of(user); m.show, m.status, m.idle = show, status, true }}
}

func isOff(user string) outcome { return looks(user, watch.Offline, "") }

// same is for who does something that does not show in his combined state.
func same(user string) outcome { return outcome{user, func(*people) {}} }

// result is how a step went.
type result struct {
	step     *step
	latency  time.Duration // from the first word sent to the observer's receipt; 0 = not a member's word
	problem  string        // "" = everybody sees what he should
	compared int           // seats
}

// perform plays a step and waits until the observer sees it. strict: until
// every seat shows everything as it should, else only the people concerned
// count.
func (st *stage) perform(ctx context.Context, p *step, strict bool) (result, error) {
	res := result{step: p, compared: 1}
	want := st.people.clone()
	var users []string
	for _, o := range p.then {
		o.change(want)
		if o.user != "" {
			users = append(users, o.user)
		}
	}
	for _, a := range p.acts {
		a.plan(want)
	}
	right := func(s *seat) bool { return !want.differsIn(s, st.world.bare, users) }
	if strict {
		right = func(s *seat) bool { return want.differs(s, st.world.bare) == "" }
	}
	first := st.observer.expect(right)
	defer st.observer.forget(first)
	st.sent = time.Time{}
	for _, a := range p.acts {
		if err := a.do(ctx, st); err != nil {
			return res, fmt.Errorf("%s: %w", p.text, err)
		}
	}
	st.people = want
	ctx, cancel := context.WithTimeout(ctx, st.patience)
	defer cancel()
	at, ok := await(ctx, first)
	if !ok {
		res.problem = st.problem(st.observer, want, strict)
		return res, nil
	}
	if !slices.ContainsFunc(p.acts, func(a act) bool { return a.command }) {
		res.latency = at.Sub(st.sent)
	}
	if strict {
		st.compare(ctx, &res, want, right)
	}
	return res, nil
}

// compare waits for all other seats that are on.
func (st *stage) compare(ctx context.Context, res *result, want *people, right func(*seat) bool) {
	for _, s := range st.seats {
		if s == st.observer || s.online() == nil {
			continue
		}
		res.compared++
		right := right
		if want.of(s.user) == nil {
			right = func(s *seat) bool { return s.contact == contact{show: watch.Offline} }
		}
		w := s.expect(right)
		_, ok := await(ctx, w)
		s.forget(w)
		if !ok {
			res.problem = st.problem(s, want, true)
			return
		}
	}
}

func await(ctx context.Context, w *wait) (time.Time, bool) {
	select {
	case at := <-w.at:
		return at, true
	case <-ctx.Done():
		return time.Time{}, false
	}
}

// problem says what is wrong at a seat that was given enough time.
func (st *stage) problem(s *seat, want *people, strict bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if want.of(s.user) == nil {
		return fmt.Sprintf("%s, who is no member, still sees the contact as %s %q", s, s.contact.show, s.contact.status)
	}
	if d := want.differs(s, st.world.bare); d != "" {
		return d
	}
	return fmt.Sprintf("%s took longer than %s", s, st.patience)
}

// close logs everybody out.
func (st *stage) close() {
	for _, s := range st.seats {
		_ = s.logout(false) // what is left of a broken stream does not matter now
	}
}
