package model

import (
	"cmp"
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
	if sees["status"] {
		s += d.status()
	}
	s += "</presence>"
	if sees["devices"] {
		s += m.devices(sees)
	} else {
		s += m.together(sees)
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
			s += " connection='" + byName[name].connection() + "'"
		}
		if can := capabilities(byName[name].Can); sees["capabilities"] && can != "" {
			s += ">" + can + "</device>"
		} else {
			s += "/>"
		}
	}
	return s
}

// together is what the devices are, for who may not see them one by one: their
// best connection, and all that they can do.
func (m *Member) together(sees Set) (s string) {
	best, can := "off", []string(nil)
	for _, d := range m.Devices {
		if c := d.connection(); c == "on" || best == "off" {
			best = c
		}
		can = append(can, d.Can...)
	}
	if sees["connection"] {
		s += "<connection state='" + best + "'/>"
	}
	if sees["capabilities"] {
		s += capabilities(can)
	}
	return s
}

func (d Device) connection() string {
	if d.Connection == "" {
		return "on"
	}
	return d.Connection
}

func (d Device) status() (s string) {
	if d.Status != "" {
		s = "<status>" + Text(d.Status) + "</status>"
	}
	for _, lang := range slices.Sorted(maps.Keys(d.Texts)) {
		s += "<status xml:lang='" + Attr(lang) + "'>" + Text(d.Texts[lang]) + "</status>"
	}
	return s
}

// capabilities are what a device, or all of them, can do: what it is, and the
// words of that for which others ask.
func capabilities(can []string) string {
	if len(can) == 0 {
		return ""
	}
	var words []string
	for _, w := range []string{"audio", "video", "files", "omemo"} {
		if slices.Contains(can, w) {
			words = append(words, w)
		}
	}
	s := "<capabilities"
	if len(words) > 0 {
		s += " can='" + strings.Join(words, " ") + "'"
	}
	ids := ""
	for _, w := range slices.Compact(slices.Sorted(slices.Values(can))) {
		if category, kind, ok := strings.Cut(w, "/"); ok {
			ids += "<identity category='" + category + "' type='" + kind + "'/>"
		}
	}
	if ids == "" {
		return s + "/>"
	}
	return s + ">" + ids + "</capabilities>"
}

// ladder is the availability of a device, the greater the more.
var ladder = map[string]int{"chat": 5, "": 4, "dnd": 3, "away": 2, "xa": 1}

// speaker is the device that speaks for a member, nil when he is offline, by the
// rule that he has chosen. Where nobody at all may see how available the devices
// are, they all are alike.
func (g *Group) speaker(jid string, now time.Time) *Device {
	var best *Device
	m := g.Members[jid]
	shown := len(m.Devices) < 2 || g.Acquired(jid, now)["show"]
	for i := range m.Devices {
		d := m.Devices[i]
		if !shown {
			d.Show = ""
		}
		if best == nil || !d.Behind(best, m.Combination) {
			best = &d
		}
	}
	return best
}

// Behind says whether d speaks after b, which was heard of before it: the table
// in the page.
func (d *Device) Behind(b *Device, rule string) bool {
	takes, show, priority := 0, ladder[b.Show]-ladder[d.Show], b.Priority-d.Priority
	switch {
	case d.Priority < 0 && b.Priority >= 0:
		takes = 1
	case d.Priority >= 0 && b.Priority < 0:
		takes = -1
	}
	switch rule {
	case "priority":
		return cmp.Or(priority, show) > 0
	case "recent":
		return takes > 0
	}
	return cmp.Or(takes, show, priority) > 0
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
