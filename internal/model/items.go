package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const ns = "urn:xmpp:tmp:group-presence:0"

// Item is an item of a node: its id and all its bytes.
type Item struct{ ID, XML string }

// Items are those of a node as watcher has them, in order: info, summary, the
// members by address.
func (g *Group) Items(node, watcher string, wants *Receiving, now time.Time) []Item {
	var all []Item
	if node == "info" || node == "group" {
		all = append(all, Item{"info", g.info(watcher)})
	}
	if node == "group" {
		all = append(all, Item{"summary", g.count(watcher, wants, now).xml()})
	}
	if node == "info" {
		return all
	}
	for _, jid := range slices.Sorted(maps.Keys(g.Members)) {
		if sees := g.Sees(watcher, jid, wants, now); sees[named] {
			all = append(all, Item{jid, g.member(jid, node, sees, now)})
		}
	}
	return all
}

func (g *Group) info(watcher string) string {
	s := "<item id='info'><info xmlns='" + ns + "'"
	if g.Language != "" {
		s += " xml:lang='" + Attr(g.Language) + "'"
	}
	name := g.Title
	if name == "" {
		name = g.Name
	}
	s += "><name>" + Text(name) + "</name>"
	if g.Description != "" {
		s += "<description>" + Text(g.Description) + "</description>"
	}
	if g.is(g.Policy.Basic, watcher) {
		s += attributes(g.Attributes)
	}
	return s + "</info></item>"
}

func attributes(all map[string]string) (s string) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s += "<attribute name='" + Attr(name) + "'>" + Text(all[name]) + "</attribute>"
	}
	return s
}

func (g *Group) member(jid, node string, sees Set, now time.Time) string {
	m := g.Members[jid]
	s := "<item id='" + Attr(jid) + "'><member xmlns='" + ns + "' jid='" + Attr(jid) + "'"
	tells := sees[basic] && node != "presence"
	if tells && m.Nick != "" {
		s += " nick='" + Attr(m.Nick) + "'"
	}
	if tells && len(m.Roles) > 0 {
		s += " roles='" + Attr(strings.Join(slices.Sorted(slices.Values(m.Roles)), " ")) + "'"
	}
	s += ">"
	if tells {
		s += attributes(m.Attributes)
	}
	if node != "members" {
		s += m.presence(g.speaker(jid, now), sees)
	}
	return s + "</member></item>"
}

// presence is the member's one state. Who is offline, and who looks so, is the
// same.
func (m *Member) presence(d *Device, sees Set) string {
	if d == nil || !sees[availability] {
		return "<presence xmlns='jabber:client' type='unavailable'/>"
	}
	s := "<presence xmlns='jabber:client'>"
	if sees["show"] && d.Show != "" {
		s += "<show>" + d.Show + "</show>"
	}
	if sees["status"] && d.Status != "" {
		s += "<status>" + Text(d.Status) + "</status>"
	}
	s += "</presence>"
	if sees["devices"] {
		s += m.devices(sees)
	}
	if sees["idle"] && d.Idle != "" {
		s += "<idle xmlns='urn:xmpp:idle:1' since='" + Attr(d.Idle) + "'/>"
	}
	for _, w := range Words {
		if sees[w] {
			s += m.Published[w]
		}
	}
	return s
}

func (m *Member) devices(sees Set) (s string) {
	byName := map[string]Device{}
	for _, d := range m.Devices {
		byName[d.Name] = d
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		s += "<device name='" + Attr(name) + "'"
		if show := byName[name].Show; sees["show"] && show != "" {
			s += " show='" + show + "'"
		}
		if sees["connection"] {
			s += " connection='on'"
		}
		s += "/>"
	}
	return s
}

// ladder is the availability of a device, the greater the more.
var ladder = map[string]int{"chat": 5, "": 4, "dnd": 3, "away": 2, "xa": 1}

// speaker is the device that speaks for a member, nil when he is offline: one
// that takes messages before one of negative priority, then the most available,
// the highest priority, the most recent. Where nobody at all may see how
// available the devices are, they all are alike.
func (g *Group) speaker(jid string, now time.Time) *Device {
	var best *Device
	devices := g.Members[jid].Devices
	shown := len(devices) > 1 && g.Acquired(jid, now)["show"]
	for i := range devices {
		if d := &devices[i]; best == nil || !d.behind(best, shown) {
			best = d
		}
	}
	return best
}

// behind says whether d speaks after b, which was heard of before it.
func (d *Device) behind(b *Device, shown bool) bool {
	if (d.Priority < 0) != (b.Priority < 0) {
		return d.Priority < 0
	}
	if shown && d.Show != b.Show {
		return ladder[d.Show] < ladder[b.Show]
	}
	return d.Priority < b.Priority
}

// counts are those of the summary.
type counts struct{ members, available, chat, away, xa, dnd int }

func (g *Group) count(watcher string, wants *Receiving, now time.Time) (c counts) {
	for jid := range g.Members {
		sees, d := g.Sees(watcher, jid, wants, now), g.speaker(jid, now)
		if sees[enrolled] {
			c.members++
		}
		if d == nil || !sees[counted] {
			continue
		}
		c.available++
		if !sees["show"] {
			continue
		}
		switch d.Show {
		case "chat":
			c.chat++
		case "away":
			c.away++
		case "xa":
			c.xa++
		case "dnd":
			c.dnd++
		}
	}
	return c
}

func (c counts) xml() string {
	return fmt.Sprintf("<item id='summary'><summary xmlns='"+ns+"' members='%d' available='%d' chat='%d' away='%d' xa='%d' dnd='%d'/></item>",
		c.members, c.available, c.chat, c.away, c.xa, c.dnd)
}

// Attr escapes an attribute value, Text character data.
func Attr(s string) string {
	return strings.NewReplacer("'", "&apos;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;").Replace(Text(s))
}

// Text escapes character data.
func Text(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;").Replace(s)
}
