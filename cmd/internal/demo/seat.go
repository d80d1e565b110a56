package demo

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// contact is the group as somebody's contact list shows it.
type contact struct {
	show   watch.Show // Offline until it is heard of
	status string
}

// seat is one device of one person. Its table survives a logout.
type seat struct {
	user, device string
	group        string // bare JID
	node         string // what it subscribes to, "" = nothing
	through      string // who publishes that, "" = the group

	mu      sync.Mutex // everything below
	client  *lab.Client
	table   *watch.Table
	contact contact
	tally   tally
	asked   string // id of the request under way
	asks    int
	last    time.Time // when it received something
	waits   []*wait
	diffs   []watch.Diff // since the last call of news
	info    bool         // the group's attributes changed since then
	changed chan struct{}
	err     error // the first word that made no sense
}

// tally counts what a seat received.
type tally struct {
	events int // of its node
	idle   int // of those, the ones that changed nothing
	gaps   int // of those, the ones that showed that something was missed
	posted int // of those, the ones that the server's PubSub service published
}

// wait is somebody waiting for a seat to look right.
type wait struct {
	right func(*seat) bool // called with the seat's lock held
	at    chan time.Time   // has room; told when it first did
}

func newSeat(user, device, group, node string) *seat {
	return &seat{user: user, device: device, group: group, node: node, table: watch.NewTable(group, node),
		contact: contact{show: watch.Offline}, changed: make(chan struct{}, 1)}
}

func (s *seat) String() string { return s.user + "/" + s.device }

// login connects the device and asks for the roster, as clients do.
func (s *seat) login(ctx context.Context, srv lab.Server) error {
	c, err := lab.Login(ctx, srv, s.user, password, s.device, lab.ClientOptions{Requests: lab.Approve, OnStanza: s.take})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.client, s.contact, s.asked = c, contact{show: watch.Offline}, ""
	s.table.Reconnected()
	s.mu.Unlock()
	if _, err := c.Query(ctx, "", "get", "<query xmlns='jabber:iq:roster'/>"); err != nil {
		return fmt.Errorf("log in %s: %w", s, err)
	}
	return nil
}

// subscribe subscribes the seat's user to its node.
func (s *seat) subscribe(ctx context.Context) error {
	c := s.online()
	if s.node == "" || c == nil {
		return nil
	}
	answer, err := c.Query(ctx, s.group, "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node="+
		lab.Attr(s.node)+" jid="+lab.Attr(c.Bare())+"/></pubsub>")
	if err == nil && answer.Type != "result" {
		err = fmt.Errorf("subscribe %s to %s: %s", s, s.node, answer.Raw)
	}
	return err
}

// online is the client, nil while the device is off.
func (s *seat) online() *lab.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client
}

func (s *seat) send(xml string) error {
	c := s.online()
	if c == nil {
		return fmt.Errorf("send from %s: it is off", s)
	}
	return c.Send(xml)
}

// logout ends the stream: in good order, or as a dying device does.
func (s *seat) logout(drop bool) error {
	s.mu.Lock()
	c := s.client
	s.client, s.contact = nil, contact{show: watch.Offline}
	s.mu.Unlock()
	switch {
	case c == nil:
		return nil
	case drop:
		c.Drop()
		return nil
	}
	return c.Close()
}

// take is the reading goroutine's: whatever is received passes here, in
// order.
func (s *seat) take(raw []byte) {
	now := time.Now()
	var head frame.Stanza
	if !frame.Parse(raw, &head) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = now
	switch from := string(head.From); {
	case string(head.Name) == "message" && s.node != "":
		service, _ := s.table.Published()
		c, err := s.table.Take(raw, now)
		s.note(&c, err)
		if c.Ours && from == service {
			s.tally.posted++
		}
	case string(head.Name) == "iq" && s.asked != "" && string(head.ID) == s.asked:
		s.asked = ""
		c, err := s.table.Answer(raw, now)
		s.keep(&c, err)
	case string(head.Name) == "iq" && from == s.group && s.table.Subscribed(raw) == nil: // else it answers something else
	case string(head.Name) == "presence" && from == s.group+"/group":
		s.contact, s.err = readContact(raw, s.err)
	default:
		return
	}
	s.ask()
	for i := 0; i < len(s.waits); i++ {
		if w := s.waits[i]; w.right(s) {
			w.at <- now
			s.waits = append(s.waits[:i], s.waits[i+1:]...)
			i--
		}
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// maxDiffs bounds what is kept for who does not call news.
const maxDiffs = 1000

// keep keeps what a stanza changed for who calls news.
func (s *seat) keep(c *watch.Update, err error) {
	s.err = first(s.err, err)
	s.info = s.info || c.Info
	if s.diffs = append(s.diffs, c.Members...); len(s.diffs) > maxDiffs {
		s.diffs = s.diffs[:0]
	}
}

// note counts an event.
func (s *seat) note(c *watch.Update, err error) {
	s.keep(c, err)
	if !c.Ours {
		return
	}
	s.tally.events++
	if c.Gap {
		s.tally.gaps++
	}
	if c.Empty() && !c.Partial && !c.Known {
		s.tally.idle++
	}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// appear sends the first presence of a session, and asks what was missed.
func (s *seat) appear(xml string) error {
	if err := s.send(xml); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask()
	return nil
}

// ask sends what the table wants to know. mu is held.
func (s *seat) ask() {
	if s.client == nil {
		return
	}
	p := s.table.Request()
	if p == "" {
		return
	}
	s.asks++
	s.asked = "ask" + strconv.Itoa(s.asks)
	err := s.client.Send("<iq type='get' id='" + s.asked + "' to=" + lab.Attr(s.group) + ">" + p + "</iq>")
	s.err = first(s.err, err)
}

func readContact(raw []byte, err error) (contact, error) {
	var p struct {
		Type   string `xml:"type,attr"`
		Show   string `xml:"show"`
		Status string `xml:"status"`
	}
	if bad := xml.Unmarshal(raw, &p); bad != nil || p.Type != "" {
		return contact{show: watch.Offline}, first(err, bad)
	}
	if p.Show == "" {
		p.Show = string(watch.Available)
	}
	return contact{watch.Show(p.Show), p.Status}, err
}

// expect begins to wait for the seat to look right: the wait is told when the
// stanza arrived that made it so.
func (s *seat) expect(right func(*seat) bool) *wait {
	w := &wait{right, make(chan time.Time, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if right(s) {
		w.at <- s.last
	} else {
		s.waits = append(s.waits, w)
	}
	return w
}

// forget ends the waiting.
func (s *seat) forget(w *wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.waits {
		if s.waits[i] == w {
			s.waits = append(s.waits[:i], s.waits[i+1:]...)
			return
		}
	}
}

// news returns what changed in the table since it was last called; info is
// nil unless the group's attributes did.
func (s *seat) news() (diffs []watch.Diff, info *watch.Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.info {
		now := s.table.Info()
		info = &now
	}
	diffs, s.diffs, s.info = s.diffs, nil, false
	return diffs, info
}
