package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Webhooks says whom webhooks may reach.
type Webhooks struct {
	Networks []netip.Prefix // beside the public internet, and without TLS
	CAFile   string         // absolute, "" = the system's authorities
}

func webhookKeys() []Key {
	return []Key{
		{Name: "webhooks.networks", Type: typeList, Default: "[]", Example: `["10.1.0.0/16", "127.0.0.1"]`,
			Help: "Networks and addresses of your own that webhooks may reach although they are private, and by http: too. Whoever administers a group " +
				"can let the service connect there. Without it webhooks reach public addresses only, by https:.",
			set:   texts(func(c *Config, l []string) error { return networks(l, &c.Webhooks.Networks) }),
			value: func(c *Config) string { return fmt.Sprint(c.Webhooks.Networks) }},
		{Name: "webhooks.ca_file", Type: typeText, Example: `"webhooks.pem"`,
			Help:  "Whom to trust when webhooks are told: a PEM file of certificates. Without it: whom the system trusts.",
			set:   text(func(c *Config, s string) error { return file(s, &c.Webhooks.CAFile) }),
			value: func(c *Config) string { return c.Webhooks.CAFile }},
	}
}

// texts is list for what is no list of addresses of people.
func texts(set func(*Config, []string) error) setter {
	return func(c *Config, value any) error {
		if list(func(_ *Config, _ []string) error { return nil })(c, value) != nil {
			return errors.New(`must be a list of networks: write ["10.1.0.0/16"]`)
		}
		return list(set)(c, value)
	}
}

func networks(l []string, to *[]netip.Prefix) error {
	var all []netip.Prefix
	for _, s := range l {
		p, err := netip.ParsePrefix(s)
		if a, addrErr := netip.ParseAddr(s); addrErr == nil && a.Zone() == "" {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil || p.Masked() != p || p.Addr().Is4In6() || strings.TrimSpace(s) != s {
			return fmt.Errorf(`%q is no network: write one such as "10.1.0.0/16", or an address`, s)
		}
		all = append(all, p)
	}
	*to = all
	return nil
}
