package play

import (
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

const password = "secret"

// device is one login of a user in a play. It stays in the play when its stream
// has ended, for its log.
type device struct {
	user, resource string
	client         *lab.Client
}

func (d *device) name() string { return d.user + "/" + d.resource }

func (d *device) online() bool {
	select {
	case <-d.client.Done():
		return false
	default:
		return true
	}
}

// disguise gives the localparts of a performance a suffix of their own.
type disguise struct {
	suffix  string
	address *regexp.Regexp  // localpart@domain
	names   map[string]bool // groups that the play created
}

func newDisguise(domains ...string) disguise {
	var quoted []string
	for _, d := range domains {
		quoted = append(quoted, regexp.QuoteMeta(d))
	}
	return disguise{
		// A dot: no base64 or hexadecimal text can contain the suffix by chance.
		suffix:  "." + strings.ToLower(rand.Text()[:6]),
		address: regexp.MustCompile(`([^\s@/<>'"&:=,;]+)@(` + strings.Join(quoted, "|") + `)\b`),
		names:   make(map[string]bool),
	}
}

// toWire disguises XML on its way to the server.
func (g *disguise) toWire(xml string) string {
	xml = g.address.ReplaceAllString(xml, "${1}"+g.suffix+"@$2")
	for name := range g.names {
		xml = strings.ReplaceAll(xml, ">"+name+"<", ">"+name+g.suffix+"<")
	}
	return xml
}

// toWords disguises words of the command line.
func (g *disguise) toWords(words []string) []string {
	if len(words) > 2 && words[0] == "group" && words[1] == "create" {
		g.names[words[2]] = true
	}
	words = slices.Clone(words)
	for i, word := range words {
		if g.names[word] && i > 0 && !strings.HasPrefix(words[i-1], "--") {
			words[i] = word + g.suffix
		} else {
			words[i] = g.address.ReplaceAllString(word, "${1}"+g.suffix+"@$2")
		}
	}
	return words
}

// fromWire takes the disguise off.
func (g *disguise) fromWire(text string) string { return strings.ReplaceAll(text, g.suffix, "") }

// device finds who is meant by `alice` or `alice/phone`.
func (p *performance) device(who string) (*device, error) {
	user, resource, _ := strings.Cut(who, "/")
	var found []*device
	for _, d := range p.devices {
		if d.user == user && (resource == "" || d.resource == resource) && d.online() {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%s is not logged in", who)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%s has %d devices: say %s or %s", who, len(found), found[0].name(), found[1].name())
}

func (p *performance) login(ctx context.Context, user, resource string, online bool, opts lab.ClientOptions) error {
	c, err := lab.Login(ctx, p.server, user+p.suffix, password, resource, opts)
	if err != nil {
		return err
	}
	p.devices = append(p.devices, &device{user, resource, c})
	if !online {
		return nil
	}
	if err := c.Online(ctx); err != nil {
		return err
	}
	return c.Fence(ctx)
}
