package pubsub

import (
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/interchange"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// pidf appends a member's item as a PIDF document (RFC 3863): what the same item
// shows of his presence, and nothing of who he is but his address.
func pidf(b []byte, it *roster.Item) []byte {
	m := watch.Member{JID: it.JID, Presence: watch.Presence{Show: seen(it.Show), Status: it.Status}}
	if it.Languages != "" {
		for lang, text := range it.Texts() {
			m.Statuses = append(m.Statuses, watch.Text{Lang: lang, Text: text})
		}
	}
	m.Idle, _ = time.Parse(time.RFC3339, it.Idle) // his own word: nonsense is no idleness
	for _, d := range it.Devices {
		show := watch.Available // of a device as of one that says nothing
		if d.Show != roster.Offline {
			show = seen(d.Show)
		}
		m.Devices = append(m.Devices, watch.Device{Name: d.Name, Show: show})
	}
	if it.StatusBy != nil {
		m.Reported = []watch.Report{{Of: "status", Source: it.StatusBy.Bot}}
	}
	b = append(attr(append(b, "<item"...), "id", it.JID), '>')
	return append(interchange.AppendPIDF(b, &m), "</item>"...)
}

// seen is a show in the words of package watch.
func seen(s roster.Show) watch.Show {
	switch s {
	case roster.Online:
		return watch.Available
	case roster.Offline:
		return watch.Offline
	}
	return watch.Show(s.String())
}
