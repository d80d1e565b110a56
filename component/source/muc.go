package source

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

const (
	nsMUC      = "http://jabber.org/protocol/muc"
	nsMUCAdmin = "http://jabber.org/protocol/muc#admin"
	nsMUCUser  = "http://jabber.org/protocol/muc#user"
)

// MUCConfig says which rooms are groups. Link and Address are required.
type MUCConfig struct {
	Link    Link
	Address string        // of the MUC service
	Groups  []string      // the rooms' localparts; none = all that it lists to us
	Every   time.Duration // 0 = to be told at once, in the room
	Pace    Pace
}

// MUC is the rooms of a MUC service as a source.
type MUC struct {
	cfg   MUCConfig
	slots chan struct{} // bounds the rooms that are read at a time
}

// NewMUC returns the source.
func NewMUC(cfg MUCConfig) *MUC {
	cfg.Pace.withDefaults()
	return &MUC{cfg: cfg, slots: make(chan struct{}, 8)}
}

// Run implements [Source].
func (m *MUC) Run(ctx context.Context, sink Sink) error {
	all := &patrol{link: m.cfg.Link, address: m.cfg.Address, pace: m.cfg.Pace, discover: m.discover, sink: sink}
	all.follow = func(ctx context.Context, name string, heard func()) error {
		r := &room{m: m, name: name, jid: name + "@" + m.cfg.Address, changed: make(chan struct{}, 1)}
		return r.follow(ctx, sink, heard)
	}
	return all.run(ctx)
}

func (m *MUC) discover(ctx context.Context) (names []string, err error) {
	all, err := items(ctx, m.cfg.Link, m.cfg.Link.Domain(), m.cfg.Address)
	if err != nil || len(m.cfg.Groups) > 0 {
		return m.cfg.Groups, err
	}
	for _, i := range all {
		if name, ok := strings.CutSuffix(i.JID, "@"+m.cfg.Address); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// room is one of them.
type room struct {
	m       *MUC
	name    string
	jid     string
	changed chan struct{} // holds a token: something may have changed

	mu    sync.Mutex
	known map[string]string // affiliations by bare JID, as they were read
}

// follow reads the room, and again when it tells that something changed.
func (r *room) follow(ctx context.Context, sink Sink, heard func()) error {
	every := r.m.cfg.Every
	if every == 0 {
		every = r.m.cfg.Pace.Reread
		if err := sink.Hold(ctx, roster.TieRoom, r.jid, r.name); err != nil {
			return err
		}
		defer r.m.cfg.Link.Listen(r.jid, r.hear)()
		defer r.m.cfg.Link.Send(leaveRoom(r.m.cfg.Link, r.jid))
	}
	for {
		if r.m.cfg.Every == 0 { // again each time: who is in already is told again, and who is not is in
			r.m.cfg.Link.Send("<presence from='" + escape(inRoom(r.m.cfg.Link)) + "' to='" + escape(seat(r.m.cfg.Link, r.jid)) + "'><x xmlns='" + nsMUC + "'><history maxchars='0'/></x></presence>")
		}
		if err := r.tell(ctx, sink); err != nil {
			return err
		}
		heard()
		if !r.wait(ctx, sink, every) {
			return ctx.Err()
		}
	}
}

// wait takes in changes until it is time to read everything again.
func (r *room) wait(ctx context.Context, sink Sink, every time.Duration) bool {
	again := time.NewTimer(jitter(every))
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
			return true
		case <-r.changed:
		}
		if !pause(ctx, r.m.cfg.Pace.Quiet) {
			return false
		}
		if err := r.tell(ctx, sink); err != nil {
			sink.Lost(r.name, err)
			return true
		}
	}
}

// inRoom and seat are how we are called in a room, by ourselves and by it.
func inRoom(l Link) string            { return l.Domain() + "/rollcall" }
func seat(l Link, room string) string { return room + "/" + l.Domain() }

func leaveRoom(l Link, room string) string {
	return "<presence type='unavailable' from='" + escape(inRoom(l)) + "' to='" + escape(seat(l, room)) + "'/>"
}

func (r *room) tell(ctx context.Context, sink Sink) error {
	select {
	case r.m.slots <- struct{}{}:
		defer func() { <-r.m.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	b, err := r.read(ctx)
	if err != nil {
		return err
	}
	return sink.Group(ctx, b)
}

// read asks for the room's lists, and what it is called.
func (r *room) read(ctx context.Context) (*roster.Basic, error) {
	b := &roster.Basic{Name: r.name}
	if err := r.describe(ctx, b); err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, a := range []roster.Affiliation{roster.Owner, roster.Admin, roster.Plain} {
		raw, err := ask(ctx, r.m.cfg.Link, "get", r.m.cfg.Link.Domain(), r.jid, "<query xmlns='"+nsMUCAdmin+"'><item affiliation='"+a.String()+"'/></query>")
		if err != nil {
			return nil, fmt.Errorf("read the %ss of %s: %w", a, r.jid, err)
		}
		var w wireList
		if err := xml.Unmarshal(raw, &w); err != nil {
			return nil, fmt.Errorf("read the %ss of %s: %w", a, r.jid, err)
		}
		for _, i := range w.Query.Items {
			// Whole domains may have an affiliation too, and so may we.
			if !strings.Contains(i.JID, "@") || i.Affiliation != a.String() || known[i.JID] != "" {
				continue
			}
			known[i.JID] = i.Affiliation
			b.Members = append(b.Members, roster.BasicMember{JID: i.JID, Nick: i.Nick, Affiliation: a})
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = known
	return b, nil
}

type wireList struct {
	Query struct {
		Items []struct {
			JID         string `xml:"jid,attr"`
			Nick        string `xml:"nick,attr"`
			Affiliation string `xml:"affiliation,attr"`
		} `xml:"item"`
	} `xml:"http://jabber.org/protocol/muc#admin query"`
}

type wireInfo struct {
	Query struct {
		Identities []struct {
			Category string `xml:"category,attr"`
			Name     string `xml:"name,attr"`
		} `xml:"identity"`
		Features []struct {
			Var string `xml:"var,attr"`
		} `xml:"feature"`
		Fields []struct {
			Var    string   `xml:"var,attr"`
			Values []string `xml:"value"`
		} `xml:"jabber:x:data x>field"`
	} `xml:"http://jabber.org/protocol/disco#info query"`
}

// describe reads what the room is called, and whether it hides (XEP-0045 §6.4).
func (r *room) describe(ctx context.Context, b *roster.Basic) error {
	raw, err := ask(ctx, r.m.cfg.Link, "get", r.m.cfg.Link.Domain(), r.jid, "<query xmlns='"+nsDiscoInfo+"'/>")
	if err != nil {
		return fmt.Errorf("ask %s what it is: %w", r.jid, err)
	}
	var w wireInfo
	if err := xml.Unmarshal(raw, &w); err != nil {
		return fmt.Errorf("ask %s what it is: %w", r.jid, err)
	}
	for _, i := range w.Query.Identities {
		if i.Category == "conference" {
			b.Title = i.Name
		}
	}
	for _, f := range w.Query.Fields {
		switch {
		case len(f.Values) == 0:
		case f.Var == "muc#roominfo_description":
			b.Description = f.Values[0]
		case f.Var == "muc#roominfo_lang":
			b.Language = f.Values[0]
		}
	}
	for _, f := range w.Query.Features {
		b.Hidden = b.Hidden || f.Var == "muc_hidden"
	}
	return nil
}

type wireNews struct {
	XMLName xml.Name
	User    *struct {
		Items []struct {
			JID         string `xml:"jid,attr"`
			Affiliation string `xml:"affiliation,attr"`
		} `xml:"item"`
		Status []struct {
			Code int `xml:"code,attr"`
		} `xml:"status"`
		Destroy *struct{} `xml:"destroy"`
	} `xml:"http://jabber.org/protocol/muc#user x"`
}

// hear notes that lists or configuration may have changed (XEP-0045 §9, §10.2.1):
// what has changed is then read. What people say is not for us.
func (r *room) hear(raw []byte) bool {
	var w wireNews
	if !bytes.Contains(raw, []byte(nsMUCUser)) || xml.Unmarshal(raw, &w) != nil || w.User == nil {
		return true
	}
	u := w.User
	news := u.Destroy != nil || w.XMLName.Local == "message" && len(u.Items)+len(u.Status) > 0
	for _, s := range u.Status {
		news = news || s.Code == 321 || s.Code == 301 || s.Code == 104 // affiliation, ban, configuration
	}
	if w.XMLName.Local == "presence" {
		for _, i := range u.Items { // who is there is told of himself only so
			news = news || r.differs(i.JID, i.Affiliation)
		}
	}
	if news {
		wake(r.changed)
	}
	return true
}

// differs says whether somebody who is in the room is not what he was when the
// lists were read.
func (r *room) differs(jid, affiliation string) bool {
	bare, _, _ := strings.Cut(jid, "/")
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.Contains(bare, "@") || r.known == nil {
		return false
	}
	was, known := r.known[bare]
	return known && was != affiliation || !known && affiliation != "none"
}
