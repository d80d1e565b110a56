package config

// Presence says where the presence of the server's own users comes from.
type Presence struct {
	From string // subscription, server or both
}

// The values of [Presence].From.
const (
	Subscription = "subscription"
	FromServer   = "server"
	FromBoth     = "both"
)

func presenceKeys() []Key {
	return []Key{
		{Name: "presence.from", Type: typeText, Default: `"subscription"`, Example: `"server"`,
			Help: "How the presence of the server's own users comes here. subscription: each member is asked once, and says yes or no. server: the " +
				"server tells of all its users (XEP-0356, Prosody only) and nobody is asked: their consent is yours to have, and what a member's policy refuses " +
				"is still not taken in. both: members are asked, and the server says sooner who is gone. Members of other domains are always asked.",
			set:   text(func(c *Config, s string) error { return oneOf(s, &c.Presence.From, Subscription, FromServer, FromBoth) }),
			value: func(c *Config) string { return c.Presence.From }},
	}
}
