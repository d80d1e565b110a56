package doctor

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// kind is what sort of server it is, as far as remedies differ.
type kind string

const (
	prosody  kind = "prosody"
	ejabberd kind = "ejabberd"
)

// host asks server.host for a sign of life, and what it is.
func (e *exam) host(ctx context.Context, asker *peer, from string) bool {
	host := e.Link.ServerHost
	if _, err := asker.ask(ctx, from, host, "<query xmlns='http://jabber.org/protocol/disco#info'/>"); err != nil {
		e.tell(Finding{Check: "host", Level: Bad, Says: "server.host " + host + " is not the server: " + err.Error(),
			Means:  "Rollcall asks that domain how fast the server keeps up. It has to be one of the server's own, that of its users.",
			Remedy: []Lines{rollcallLines("[server]\nhost = \"example.org\"    # the domain of the server's users")}})
		return false
	}
	var v struct {
		Name    string `xml:"query>name"`
		Version string `xml:"query>version"`
	}
	if s, err := asker.ask(ctx, from, host, "<query xmlns='jabber:iq:version'/>"); err == nil && s.into(&v) == nil && v.Name != "" {
		e.report.Server = clean(v.Name + " " + v.Version)
	}
	switch name := strings.ToLower(v.Name); {
	case strings.Contains(name, "prosody"):
		e.server = prosody
	case strings.Contains(name, "ejabberd"):
		e.server = ejabberd
	}
	says := "the server answers as " + host
	if e.report.Server != "" {
		says += ": " + e.report.Server
	}
	e.tell(Finding{Check: "host", Level: Good, Says: says})
	return true
}

// clean keeps what a server calls itself on one line of a terminal.
func clean(s string) string { return shorten(s, 80) }

// shorten is clean with another bound.
func shorten(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return strings.ToValidUTF8(strings.TrimSpace(s[:min(len(s), limit)]), "")
}

// skewed is how far clocks may be apart without anybody noticing.
const skewed = 2 * time.Second

// clock compares the server's clock with ours (XEP-0202), allowing for the
// time that the answer took.
func (e *exam) clock(ctx context.Context, asker *peer, from string) {
	sent := e.Now()
	s, err := asker.ask(ctx, from, e.Link.ServerHost, "<time xmlns='urn:xmpp:time'/>")
	trip := e.Now().Sub(sent)
	if err != nil {
		e.tell(Finding{Check: "clock", Level: Unknown, Says: "the server does not tell its time: " + err.Error(),
			Remedy: e.lines(prosodyLines("modules_enabled, in the global part", `"time";`), ejabberdLines("modules", "  mod_time: {}"))})
		return
	}
	var v struct {
		UTC string `xml:"time>utc"`
	}
	var theirs time.Time
	if err = s.into(&v); err == nil {
		theirs, err = time.Parse(time.RFC3339Nano, v.UTC)
	}
	if err != nil {
		e.tell(Finding{Check: "clock", Level: Unknown, Says: fmt.Sprintf("the server's time makes no sense: %q", clean(v.UTC))})
		return
	}
	// XEP-0202 servers cut fractions of a second off.
	skew := max(0, sent.Sub(theirs)-time.Second, theirs.Sub(sent.Add(trip)))
	if skew <= skewed {
		e.tell(Finding{Check: "clock", Level: Good, Says: "the server's clock and ours agree"})
		return
	}
	e.tell(Finding{Check: "clock", Level: Bad, Says: fmt.Sprintf("the server's clock and ours differ by %v", skew.Round(time.Second)),
		Means: "Times that people are shown (idle since, rules that end) are wrong by that much. Let both machines keep time: timedatectl set-ntp true."})
}

// perm is a permission of XEP-0356.
type perm struct {
	Access string `xml:"access,attr"`
	Type   string `xml:"type,attr"`
}

// grant is the message that tells them.
type grant struct {
	Privilege *struct {
		XMLName xml.Name
		Perm    []perm `xml:"perm"`
	} `xml:"privilege"`
}

// privilege looks for the message that comes behind the handshake. Prosody has
// sent it before it answered anything; ejabberd sends it from another process.
func (e *exam) privilege(ctx context.Context) {
	wait := time.Second
	if e.server == prosody {
		wait = 0
	}
	s, err := e.peer.within(ctx, wait, func(s stanza) bool { return grantOf(s) != nil })
	if err != nil {
		f := Finding{Check: "privilege", Level: Note, Says: "the server grants the component no privileges (XEP-0356)",
			Means: "None are needed: presence comes by subscription, with each user's consent.", Remedy: e.privilegeLines()}
		switch e.Origin {
		case roster.FromServer:
			f.Level, f.Means = Bad, "presence.from is \"server\": without managed_entity nothing is known of anybody, and the service does not start."
		case roster.FromBoth:
			f.Means = "presence.from is \"both\": without managed_entity it is as with \"subscription\"."
		}
		e.tell(f)
		return
	}
	g := grantOf(s)
	var perms []string
	for _, p := range g.Privilege.Perm {
		if p.Type != "none" {
			perms = append(perms, clean(p.Access+"="+p.Type))
		}
	}
	e.managed = slices.ContainsFunc(g.Privilege.Perm, func(p perm) bool {
		return p.Access == "presence" && (p.Type == "managed_entity" || p.Type == "roster")
	})
	if len(perms) == 0 {
		perms = []string{"nothing"}
	}
	e.tell(Finding{Check: "privilege", Level: Note, Says: fmt.Sprintf("the server grants privileges (%s): %s", clean(g.Privilege.XMLName.Space), strings.Join(perms, ", ")),
		Means: "Of these Rollcall uses roster=both, where it is Prosody's: who joins a group by a word of his own then has no request to answer. " +
			"What is not used is better not granted."})
	e.origin(g.Privilege.XMLName.Space)
}

// origin says whether presence.from fits what the server can do.
func (e *exam) origin(space string) {
	switch {
	case e.Origin != roster.FromServer:
	case !e.managed:
		e.tell(Finding{Check: "privilege", Level: Bad, Says: "presence.from is \"server\", and presence is not among what is granted",
			Means: "Nothing is known of anybody, and the service does not start.", Remedy: e.privilegeLines()})
	case e.server == ejabberd || space == "urn:xmpp:privilege:1":
		e.tell(Finding{Check: "privilege", Level: Bad, Says: "presence.from is \"server\", which this server does not do reliably",
			Means: "It does not say who is there when a component attaches, nor whose connection just ended. The service does not start: write \"both\", with which members are asked."})
	}
}

func grantOf(s stanza) *grant {
	var g grant
	if s.name != "message" || s.into(&g) != nil || g.Privilege == nil ||
		!strings.HasPrefix(g.Privilege.XMLName.Space, "urn:xmpp:privilege:") {
		return nil
	}
	return &g
}
