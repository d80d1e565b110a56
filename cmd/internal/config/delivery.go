package config

// Delivery says where group presence leaves.
type Delivery struct {
	Multicast string // Auto or Off
}

// The values of [Delivery].Multicast.
const (
	Auto = "auto"
	Off  = "off"
)

func deliveryKeys() []Key {
	return []Key{
		{Name: "delivery.multicast", Type: typeText, Default: `"auto"`, Example: `"off"`,
			Help: "What is the same for many of the server's users leaves once, if the server has a multicast service (XEP-0033, such as " +
				"ejabberd's mod_multicast; mod_rollcall_multicast for Prosody comes with this program): auto, or off. Nobody sees the others' addresses.",
			set:   text(func(c *Config, s string) error { return oneOf(s, &c.Delivery.Multicast, Auto, Off) }),
			value: func(c *Config) string { return c.Delivery.Multicast }},
	}
}
