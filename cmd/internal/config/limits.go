package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits is how much somebody may ask of the service, a second; 0 = as much as
// he likes. Forty seconds' worth may come at once.
type Limits struct {
	Domains        []string // who may use the service beside the server's own; empty = all
	Requests       int      // of one address
	DomainRequests int      // of a domain other than the server's own
	Changes        int      // of a member's presence in one group
	Probes         int      // members that the service asks for their presence
}

const typeNumber = "number"

const maxRate = 1_000_000 // a second

func limitKeys() []Key {
	return []Key{
		{Name: "limits.domains", Type: typeList, Example: `["partner.example"]`, Reload: true,
			Help:  "The domains that may use the service beside the server's own. Without it: all. To others no group is there.",
			set:   list(func(c *Config, l []string) error { return domains(l, &c.Limits.Domains) }),
			value: func(c *Config) string { return strings.Join(c.Limits.Domains, " ") }},
		{Name: "limits.requests", Type: typeNumber, Default: "50", Example: "20", Reload: true,
			Help: "How many requests a second one address may go on making; forty times as many may come at once. " +
				"Beyond that it is told to wait (resource-constraint). 0 is no limit.",
			set:   number(func(c *Config) *int { return &c.Limits.Requests }),
			value: func(c *Config) string { return strconv.Itoa(c.Limits.Requests) }},
		{Name: "limits.domain_requests", Type: typeNumber, Default: "500", Example: "200", Reload: true,
			Help:  "The same for all addresses together of a domain that is not the server's own.",
			set:   number(func(c *Config) *int { return &c.Limits.DomainRequests }),
			value: func(c *Config) string { return strconv.Itoa(c.Limits.DomainRequests) }},
		{Name: "limits.changes", Type: typeNumber, Default: "5", Example: "1", Reload: true,
			Help: "How often a second a member's presence may go on changing in one group; twenty times as often for a moment. " +
				"What comes faster is told later, and only the latest of it. 0 is no limit.",
			set:   number(func(c *Config) *int { return &c.Limits.Changes }),
			value: func(c *Config) string { return strconv.Itoa(c.Limits.Changes) }},
		{Name: "limits.probes", Type: typeNumber, Default: "2000", Example: "10000", Reload: true,
			Help: "How many members a second the service asks for their presence after it has attached to the server; " +
				"who is there of 500,000 members is known after four minutes. 0 is no limit.",
			set:   number(func(c *Config) *int { return &c.Limits.Probes }),
			value: func(c *Config) string { return strconv.Itoa(c.Limits.Probes) }},
	}
}

func number(to func(*Config) *int) setter {
	return func(c *Config, value any) error {
		n, ok := value.(int64)
		if !ok {
			return errors.New("must be a whole number, without quotes")
		}
		if n < 0 || n > maxRate {
			return fmt.Errorf("must be from 0 to %d", maxRate)
		}
		*to(c) = int(n)
		return nil
	}
}

func domains(l []string, to *[]string) error {
	all := make([]string, len(l))
	for i, s := range l {
		if err := domain(s, &all[i]); err != nil {
			return err
		}
	}
	*to = all
	return nil
}
