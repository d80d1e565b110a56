package interchange

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// Group is a group as somebody sees it.
type Group struct {
	JID     string          `json:"group"` // bare
	Info    watch.Info      `json:"info"`
	Summary watch.Summary   `json:"summary"`
	Members []*watch.Member `json:"members"` // by JID

	// Of a difference to what the reader has, Members are those who look
	// different, Gone the bare JIDs of those who are no longer there, and
	// Version counts (RFC 4662 §5.2).
	Partial bool     `json:"-"`
	Gone    []string `json:"-"`
	Version int      `json:"-"`
}

// Read reads the payload of an answer that has all items of the group's node
// #group (XEP-0060 §6.5.2).
func Read(jid string, payload []byte) (*Group, error) {
	t := watch.NewTable(jid, watch.NodeGroup)
	if _, err := t.Answer(append(append([]byte("<iq type='result'>"), payload...), "</iq>"...), time.Time{}); err != nil {
		return nil, fmt.Errorf("read view: %w", err)
	}
	return &Group{JID: jid, Info: t.Info(), Summary: t.Summary(), Members: t.Members()}, nil
}

// Member is the member at that bare JID; nil if there is none to be seen.
func (g *Group) Member(jid string) *watch.Member {
	for _, m := range g.Members {
		if m.JID == jid {
			return m
		}
	}
	return nil
}

// presURI is a JID as a presentity (RFC 3859).
func presURI(bare string) string {
	local, domain, _ := strings.Cut(bare, "@")
	return "pres:" + url.PathEscape(local) + "@" + domain
}

// xmppURI is the address of a device (RFC 5122).
func xmppURI(bare, resource string) string {
	local, domain, _ := strings.Cut(bare, "@")
	return "xmpp:" + url.PathEscape(local) + "@" + domain + "/" + url.PathEscape(resource)
}
