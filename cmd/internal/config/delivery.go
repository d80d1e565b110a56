package config

import "strings"

// Delivery says where group presence leaves.
type Delivery struct {
	To        string // Own or PubSub
	PubSub    string // the server's PubSub service, with that
	Multicast string // Auto or Off
}

// The values of [Delivery].To.
const (
	Own    = "own"
	PubSub = "pubsub"
)

// The values of [Delivery].Multicast.
const (
	Auto = "auto"
	Off  = "off"
)

func deliveryKeys() []Key {
	return []Key{
		{Name: "delivery.to", Type: typeText, Default: `"own"`, Example: `"pubsub"`,
			Help: "Where events leave. own: from the groups themselves. pubsub: through the server's own PubSub service, where each subscription gets a node of " +
				"its own that nobody else may read; who subscribes to a group is told which. The service has to let us make nodes: rollcall snippet prints the lines.",
			set:   text(func(c *Config, s string) error { return oneOf(s, &c.Delivery.To, Own, PubSub) }),
			value: func(c *Config) string { return c.Delivery.To }},
		{Name: "delivery.pubsub", Type: typeText, Example: `"pubsub.example.org"`,
			Help:  "The address of that service, which has to be the server's own: it reads what it passes on. Required with pubsub.",
			set:   text(func(c *Config, s string) error { return domain(s, &c.Delivery.PubSub) }),
			value: func(c *Config) string { return c.Delivery.PubSub }},
		{Name: "delivery.multicast", Type: typeText, Default: `"auto"`, Example: `"off"`,
			Help: "What is the same for many of the server's users leaves once, if the server has a multicast service (XEP-0033, such as " +
				"ejabberd's mod_multicast; mod_rollcall_multicast for Prosody comes with this program): auto, or off. Nobody sees the others' addresses.",
			set:   text(func(c *Config, s string) error { return oneOf(s, &c.Delivery.Multicast, Auto, Off) }),
			value: func(c *Config) string { return c.Delivery.Multicast }},
	}
}

// Service is the PubSub service that events leave through, "" = from the groups
// themselves.
func (d *Delivery) Service() string {
	if d.To == PubSub {
		return d.PubSub
	}
	return ""
}

// completeDelivery checks that the service is named, and is the server's own.
func (c *Config) completeDelivery() error {
	d := &c.Delivery
	switch {
	case d.To == Own:
	case d.PubSub == "":
		return &Error{File: c.Path, Key: "delivery.pubsub", Problem: "missing",
			Remedy: `delivery.to = "pubsub" needs the address of the server's PubSub service, such as pubsub = "pubsub.` + c.Server.Host + `"`}
	case d.PubSub == c.Domain || !strings.HasSuffix(d.PubSub, "."+c.Server.Host):
		return &Error{File: c.Path, Key: "delivery.pubsub", Problem: d.PubSub + " is not the server's own service",
			Remedy: "it reads all that it passes on, so it has to be below " + c.Server.Host}
	}
	return nil
}
