package play

import (
	"context"
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// tree is a received stanza as the play knows it.
func (p *performance) tree(s lab.Stanza) *element {
	trees, err := parseTrees(p.fromWire(s.Raw))
	if err != nil || len(trees) != 1 {
		return &element{text: s.Raw}
	}
	return trees[0]
}

// receive takes the first stanza that matches.
func (p *performance) receive(ctx context.Context, d *device, pattern *element) error {
	var closest *mismatch
	_, err := d.client.Wait(ctx, func(s lab.Stanza) bool {
		miss := match(pattern, p.tree(s), p.bound)
		if miss != nil && (closest == nil || miss.hits > closest.hits) {
			closest = miss
		}
		return miss == nil
	})
	if err == nil {
		return nil
	}
	why := ""
	if closest != nil {
		why = "\nthe closest differs at " + closest.String()
	}
	return fmt.Errorf("%s did not receive\n%s%s\n%s\n%w", d.name(), indent(pattern.render()), why, p.heardBy(d), err)
}

// concernsOthers says whether a stanza is more than the business of the user
// and his server.
func (p *performance) concernsOthers(d *device, s lab.Stanza) bool {
	from, _, _ := strings.Cut(s.From, "/")
	return !s.Housekeeping && from != "" && from != d.client.Bare() && from != p.server.Host()
}

func (p *performance) nothingElse(d *device) error {
	for _, s := range d.client.Unread() {
		if p.concernsOthers(d, s) {
			return fmt.Errorf("%s received something else:\n%s\n%s", d.name(), indent(p.tree(s).render()), p.heardBy(d))
		}
	}
	return nil
}

// never looks through the logs of all devices that who names, past ones
// included.
func (p *performance) never(who string, patterns []*element) error {
	user, resource, _ := strings.Cut(who, "/")
	looked := false
	for _, d := range p.devices {
		if d.user != user || resource != "" && d.resource != resource {
			continue
		}
		looked = true
		for _, s := range d.client.Received() {
			for _, pattern := range patterns {
				if tree := p.tree(s); match(pattern, tree, p.bound) == nil {
					return fmt.Errorf("%s received\n%s", d.name(), indent(tree.render()))
				}
			}
		}
	}
	if !looked {
		return fmt.Errorf("%s was never logged in", who)
	}
	return nil
}

// heardBy lists the last stanzas a device got.
func (p *performance) heardBy(d *device) string {
	const last = 12
	var shown []string
	log := d.client.Received()
	for _, s := range log {
		if !s.Housekeeping {
			shown = append(shown, s.Time.Format("15:04:05.000")+"\n"+indent(p.tree(s).render()))
		}
	}
	if len(shown) == 0 {
		return d.name() + " received nothing"
	}
	hidden := max(0, len(shown)-last)
	head := fmt.Sprintf("%s received, in this order", d.name())
	if hidden > 0 {
		head += fmt.Sprintf(" (the first %d are left out)", hidden)
	}
	return head + ":\n" + strings.Join(shown[hidden:], "\n")
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}
