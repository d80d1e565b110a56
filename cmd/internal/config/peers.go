package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Peer is another service of groups that is trusted.
type Peer struct {
	Address string // its domain, normalised
	Give    bool
	Grants  string
	Take    []string // domains, normalised
	Every   time.Duration
	By      string // PeerByList, PeerByGroup or PeerByAll
}

// How a peer learns whose presence is wanted.
const (
	PeerByList  = "list"
	PeerByGroup = "group"
	PeerByAll   = "all"
)

// DefaultGrants is what a peer sees of who has said nothing.
const DefaultGrants = "all except location addresses"

func peerKeys() []Key {
	more := func(c *Config) { c.Peers = append(c.Peers, Peer{Grants: DefaultGrants, By: PeerByList}) }
	last := func(c *Config) *Peer { return &c.Peers[len(c.Peers)-1] }
	each := func(value func(*Peer) string) func(*Config) string {
		return func(c *Config) string {
			var all []string
			for i := range c.Peers {
				if v := value(&c.Peers[i]); v != "" {
					all = append(all, c.Peers[i].Address+"="+v)
				}
			}
			return strings.Join(all, ", ")
		}
	}
	return []Key{
		{Name: "peers.address", Type: typeText, Example: `"groups.hr.example.org"`, more: more,
			Help:  "The peer's domain. Its groups speak for it too. Required.",
			set:   text(func(c *Config, s string) error { return domain(s, &last(c).Address) }),
			value: each(func(p *Peer) string { return p.Address })},
		{Name: "peers.give", Type: typeFlag, Example: "true", more: more,
			Help: "Whether it may ask at this service's own address for the presence of the server's users. It sees what each of them lets it see, and " +
				"of who has said nothing what grants says.",
			set:   flag(func(c *Config, b bool) { last(c).Give = b }),
			value: each(func(p *Peer) string { return strconv.FormatBool(p.Give) })},
		{Name: "peers.grants", Type: typeText, Example: strconv.Quote(DefaultGrants), more: more,
			Help: "What it sees of users who have not said what peers may see: attributes, as in a policy; empty is nothing. " +
				"Without it: all except location addresses.",
			set:   text(func(c *Config, s string) error { return grants(s, &last(c).Grants) }),
			value: each(func(p *Peer) string { return p.Grants })},
		{Name: "peers.take", Type: typeList, Example: `["example.net"]`, more: more,
			Help: "Domains of whose users the peer tells: members of ours there are not asked for their presence, the peer is. What their policies " +
				"here refuse is not even asked for, and the peer sends only what they let this service see there.",
			set:   texts(func(c *Config, l []string) error { return domains(l, &last(c).Take) }),
			value: each(func(p *Peer) string { return strings.Join(p.Take, " ") })},
		{Name: "peers.every", Type: typeDuration, Example: `"1m"`, more: more,
			Help:  "How often the peer is to tell of changes, such as 30s or 1m. Without it, or with 0s: at once.",
			set:   text(func(c *Config, s string) error { return duration(s, &last(c).Every) }),
			value: each(func(p *Peer) string { return rare(p.Every) })},
		{Name: "peers.by", Type: typeText, Example: `"group"`, more: more,
			Help: "How the peer learns whose presence a group wants. list: with the request, those only of whom somebody here may see something. group: it reads the " +
				"group's members here, for which the group's policy has to let it watch; for groups of thousands. all: it tells of everybody it may. Without it: list.",
			set:   text(func(c *Config, s string) error { return oneOf(s, &last(c).By, PeerByList, PeerByGroup, PeerByAll) }),
			value: each(func(p *Peer) string { return p.By })},
	}
}

func grants(s string, to *string) error {
	if s != "" {
		if _, err := policy.ParseAuthorization("outsiders: " + s); err != nil || strings.ContainsAny(s, "\n\r") {
			return fmt.Errorf(`%q is no list of attributes: write one such as "availability show status", or "all except location"`, s)
		}
	}
	*to = s
	return nil
}

// completePeers checks what the lines of a peer say together.
func (c *Config) completePeers() error {
	addresses, taken := map[string]bool{}, map[string]string{}
	for i := range c.Peers {
		p := &c.Peers[i]
		wrong := func(key, problem string) error {
			return &Error{File: c.Path, Key: fmt.Sprintf("peers.%s of peer %d", key, i+1), Problem: problem}
		}
		switch {
		case p.Address == "":
			return wrong("address", "missing")
		case p.Address == c.Domain:
			return wrong("address", "is our own domain")
		case len(p.Address) > 59:
			return wrong("address", "is longer than 59 bytes")
		case addresses[p.Address]:
			return wrong("address", fmt.Sprintf("%q is another peer's too", p.Address))
		case !p.Give && len(p.Take) == 0:
			return wrong("give", "the peer has nothing to do: write give = true, or what to take from it")
		}
		addresses[p.Address] = true
		for _, d := range p.Take {
			if by := taken[d]; by != "" {
				return wrong("take", fmt.Sprintf("%q is taken from %s already", d, by))
			}
			taken[d] = p.Address
		}
	}
	return nil
}
