package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/component/source"
)

// figures are all of our own metrics.
func figures() []figure {
	var l figureList
	l.link()
	l.others()
	return l
}

// figureList is made one by one.
type figureList []figure

func (l *figureList) gauge(name, help string, value func(*sample) float64) {
	*l = append(*l, figure{desc: prometheus.NewDesc("rollcall_"+name, help, nil, nil), kind: prometheus.GaugeValue, value: value})
}

func (l *figureList) counter(name, help string, value func(*sample) float64) {
	*l = append(*l, figure{desc: prometheus.NewDesc("rollcall_"+name, help, nil, nil), kind: prometheus.CounterValue, value: value})
}

// by is a counter for each value of a label.
func (l *figureList) by(name, help, label string, values map[string]func(*sample) float64) {
	desc := prometheus.NewDesc("rollcall_"+name, help, []string{label}, nil)
	for is, value := range values {
		*l = append(*l, figure{desc: desc, kind: prometheus.CounterValue, label: is, value: value})
	}
}

// peer is a figure of each peer that is configured, by its address.
func (l *figureList) peer(name, help string, kind prometheus.ValueType, value func(*component.PeerStats) float64) {
	*l = append(*l, figure{desc: prometheus.NewDesc("rollcall_"+name, help, []string{"peer"}, nil), kind: kind, peer: value})
}

// link is about the connection, and what comes and leaves by it.
func (l *figureList) link() {
	l.gauge("attached", "Whether the service is attached to its server: 1 or 0.", func(s *sample) float64 { return is(s.Attached != nil) })
	l.gauge("ready", "Whether it is attached and every group answers: 1 or 0.", func(s *sample) float64 { return is(s.Ready) })
	l.gauge("ready_seconds", "How long that took, from the attachment on: 0 = it is not ready.", func(s *sample) float64 { return s.ReadyAfter.Seconds() })
	l.gauge("settled", "Whether it is attached and knows who is there: 1 or 0.", func(s *sample) float64 { return is(s.Settled) })
	l.gauge("groups_unasked", "Groups whose members are still to be asked for their presence.", func(s *sample) float64 { return float64(s.Unasked) })
	l.counter("probes_total", "Members that were asked for their presence.", func(s *sample) float64 { return float64(s.Probes) })
	l.counter("connections_total", "How often the service has attached.", func(s *sample) float64 { return float64(s.Connections) })
	l.gauge("groups", "Groups in memory.", func(s *sample) float64 { return float64(s.Groups) })

	l.by("stanzas_received_total", "Stanzas received.", "kind", map[string]func(*sample) float64{
		"presence": func(s *sample) float64 { return float64(s.Presence) },
		"iq":       func(s *sample) float64 { return float64(s.IQ) },
		"message":  func(s *sample) float64 { return float64(s.Message) },
	})
	l.by("stanzas_refused_total", "Stanzas that were not heard: too large, of who asks too much, of a domain that may not use the service.", "reason",
		map[string]func(*sample) float64{
			"size":   func(s *sample) float64 { return float64(s.Refused) },
			"rate":   func(s *sample) float64 { return float64(s.Limited) },
			"domain": func(s *sample) float64 { return float64(s.Foreign) },
		})
	l.gauge("presence_told", "Whether the server itself tells of its users (XEP-0356): 1 or 0.", func(s *sample) float64 { return is(s.Told) })
	l.counter("presence_copies_total", "Presence of its users that the server told of by itself.", func(s *sample) float64 { return float64(s.Copies) })
	l.counter("presence_delayed_total", "Changes of presence told later, because their member changes too often.", func(s *sample) float64 { return float64(s.Delayed) })
	l.by("published_dropped_total", "Moods and other things that members published and that could not be passed on.", "reason",
		map[string]func(*sample) float64{
			"form": func(s *sample) float64 { return float64(s.Malformed) },
			"size": func(s *sample) float64 { return float64(s.TooLarge) },
		})
	l.gauge("jobs_waiting", "Requests that wait for a worker.", func(s *sample) float64 { return float64(s.Jobs) })

	l.by("sent_bytes_total", "Bytes sent: answers and subscriptions (control), and presence (bulk).", "lane", map[string]func(*sample) float64{
		"control": func(s *sample) float64 { return float64(s.Outbox.ControlBytes) },
		"bulk":    func(s *sample) float64 { return float64(s.Outbox.BulkBytes) },
	})
	l.counter("writes_total", "Writes to the socket.", func(s *sample) float64 { return float64(s.Outbox.Writes) })
	l.counter("turns_total", "Turns in which a group was rendered.", func(s *sample) float64 { return float64(s.Outbox.Turns) })
	l.counter("panics_total", "Turns that ended in a panic: a bug, please report it.", func(s *sample) float64 { return float64(s.Outbox.Panics) })
	l.counter("answers_lost_total", "Answers that found no room or no connection.", func(s *sample) float64 { return float64(s.Outbox.Refused) })
	l.gauge("groups_waiting", "Groups that wait for a turn.", func(s *sample) float64 { return float64(s.Outbox.Waiting) })
	l.gauge("control_bytes", "Bytes of answers that wait.", func(s *sample) float64 { return float64(s.Outbox.Control) })
	l.gauge("unacked_bytes", "Bytes of presence that the server has not handled.", func(s *sample) float64 { return float64(s.Outbox.Unacked) })
	l.gauge("server_rtt_seconds", "How long the server took to handle the latest marker.", func(s *sample) float64 { return s.Outbox.RTT.Seconds() })

	l.gauge("multicast_addresses", "Addresses that the server's multicast service takes in one message: 0 = it has none, or it is not used.",
		func(s *sample) float64 { return float64(s.Multicast.Messages) })
	l.counter("multicast_stanzas_total", "Stanzas for many, sent to the multicast service.", func(s *sample) float64 { return float64(s.Multicast.Stanzas) })
	l.counter("multicast_copies_total", "Copies that the service was to make of them.", func(s *sample) float64 { return float64(s.Multicast.Copies) })
	l.counter("multicast_returned_total", "Stanzas that it did not take: these were sent one by one.", func(s *sample) float64 { return float64(s.Multicast.Returned) })
}

// others is about the server's PubSub, webhooks, sources and the store.
func (l *figureList) others() {
	l.gauge("pubsub_nodes", "Nodes at the server's PubSub service through which subscribers are told.", func(s *sample) float64 { return float64(s.Outposts.Nodes) })
	l.counter("pubsub_made_total", "Nodes that were asked for there.", func(s *sample) float64 { return float64(s.Outposts.Made) })
	l.counter("pubsub_items_total", "Items published there.", func(s *sample) float64 { return float64(s.Outposts.Published) })
	l.counter("pubsub_lost_total", "Nodes that were not there any more: these were made anew.", func(s *sample) float64 { return float64(s.Outposts.Lost) })
	l.counter("pubsub_refused_total", "Subscribers that it does not serve: these were told from the group.", func(s *sample) float64 { return float64(s.Outposts.Refused) })

	l.gauge("webhooks", "Webhooks that are told.", func(s *sample) float64 { return float64(s.Hooks.Webhooks) })
	l.gauge("webhooks_failing", "Webhooks whose last post was not accepted.", func(s *sample) float64 { return float64(s.Hooks.Failing) })
	l.by("webhook_posts_total", "Posts to webhooks.", "result", map[string]func(*sample) float64{
		"accepted":    func(s *sample) float64 { return float64(s.Hooks.Accepted) },
		"rejected":    func(s *sample) float64 { return float64(s.Hooks.Rejected) },
		"unreachable": func(s *sample) float64 { return float64(s.Hooks.Unreachable) },
		"timeout":     func(s *sample) float64 { return float64(s.Hooks.Timeouts) },
		"broken":      func(s *sample) float64 { return float64(s.Hooks.Broken) },
	})

	l.gauge("sources", "Sources of groups: whoever else keeps some.", func(s *sample) float64 { return float64(len(s.Sources)) })
	l.gauge("sources_lost", "Sources of which nothing is known now; their groups stay as they were.", func(s *sample) float64 {
		return s.sum(func(x *source.Stats) float64 { return is(x.Lost) })
	})
	l.gauge("source_groups", "Groups that sources keep and that were heard since the start.", func(s *sample) float64 {
		return s.sum(func(x *source.Stats) float64 { return float64(x.Groups) })
	})
	l.by("source_lists_total", "Lists of sources that brought something new, or that could not be taken in.", "result", map[string]func(*sample) float64{
		"changed": func(s *sample) float64 {
			return s.sum(func(x *source.Stats) float64 { return float64(x.Changed) })
		},
		"refused": func(s *sample) float64 {
			return s.sum(func(x *source.Stats) float64 { return float64(x.Refused) })
		},
	})

	l.peer("peer_taking", "Groups here that take presence from the peer.", prometheus.GaugeValue, func(p *component.PeerStats) float64 { return float64(p.Taking) })
	l.peer("peer_heard", "Those of them whose members it has told of.", prometheus.GaugeValue, func(p *component.PeerStats) float64 { return float64(p.Heard) })
	l.peer("peer_giving", "Groups of the peer that presence is given to.", prometheus.GaugeValue, func(p *component.PeerStats) float64 { return float64(p.Giving) })
	l.peer("peer_events_total", "Events that the peer has told.", prometheus.CounterValue, func(p *component.PeerStats) float64 { return float64(p.Events) })
	l.peer("peer_lost_total", "How often the peer did not answer any more.", prometheus.CounterValue, func(p *component.PeerStats) float64 { return float64(p.Lost) })

	l.counter("store_commits_total", "Transactions on disk.", func(s *sample) float64 { return float64(s.store.Commits) })
	l.counter("store_changes_total", "Changes in them: several share one.", func(s *sample) float64 { return float64(s.store.Changes) })
	l.counter("store_seconds_total", "Time spent in transactions.", func(s *sample) float64 { return s.store.Busy.Seconds() })
	l.by("store_errors_total", "Changes that were not stored because of the disk.", "reason", map[string]func(*sample) float64{
		"full":      func(s *sample) float64 { return float64(s.store.Full) },
		"read-only": func(s *sample) float64 { return float64(s.store.ReadOnly) },
		"locked":    func(s *sample) float64 { return float64(s.store.Locked) },
		"damaged":   func(s *sample) float64 { return float64(s.store.Corrupt) },
	})
}

// sum adds up a figure of all sources.
func (s *sample) sum(of func(*source.Stats) float64) (n float64) {
	for i := range s.Sources {
		n += of(&s.Sources[i])
	}
	return n
}

func is(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
