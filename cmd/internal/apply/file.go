package apply

import (
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// File is what groups should be, by name.
type File struct {
	Groups map[string]*Group `yaml:"groups"`
}

// Group is what one group should be; nil is as it is.
type Group struct {
	Title       *string            `yaml:"title"`
	Description *string            `yaml:"description"`
	Language    *string            `yaml:"language"`
	Listed      *bool              `yaml:"listed"`
	Payload     *string            `yaml:"payload"`
	Delivery    *string            `yaml:"delivery"`
	Join        *string            `yaml:"join"`
	Aggregate   *string            `yaml:"aggregate"`
	Policy      *string            `yaml:"policy"`
	Avatar      *string            `yaml:"avatar"` // a file
	Attributes  map[string]string  `yaml:"attributes"`
	Members     map[string]*Member `yaml:"members"`

	picture *[]byte // what is in that
}

// Member is what one member should be; nil is as it is.
type Member struct {
	Nick        *string           `yaml:"nick"`
	Affiliation *string           `yaml:"affiliation"`
	Roles       *[]string         `yaml:"roles"`
	Attributes  map[string]string `yaml:"attributes"`
}

// Read reads a file. A key that is not known is an error, for it was meant to
// do something; so is a value that no group can have. open opens the pictures
// that it names.
func Read(r io.Reader, open func(name string) ([]byte, error)) (*File, error) {
	d := yaml.NewDecoder(r)
	d.KnownFields(true)
	f := &File{}
	if err := d.Decode(f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty: write groups: with a name below")
		}
		return nil, err
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is a second document: write all groups into one")
	}
	for name, g := range f.Groups {
		if g == nil {
			g = &Group{}
			f.Groups[name] = g
		}
		if err := g.prepare(open); err != nil {
			return nil, fmt.Errorf("group %s: %w", name, err)
		}
		members := make(map[string]*Member, len(g.Members))
		for address, m := range g.Members {
			j, err := jid.Parse(address)
			if err != nil || j.Localpart() == "" || j.Resourcepart() != "" {
				return nil, fmt.Errorf("group %s: %q is no user's address", name, address)
			}
			if members[j.String()] != nil {
				return nil, fmt.Errorf("group %s: %s is named twice", name, j)
			}
			if m == nil {
				m = &Member{}
			}
			members[j.String()] = m
		}
		if g.Members != nil {
			g.Members = members
		}
	}
	return f, nil
}

// prepare reads what g names, and finds what is wrong before anything is done.
func (g *Group) prepare(open func(string) ([]byte, error)) error {
	if g.Policy != nil {
		p, err := policy.ParseGroup(*g.Policy)
		if err != nil {
			return fmt.Errorf("policy: %w", err)
		}
		text := p.String() // as it is stored
		g.Policy = &text
	}
	if g.Avatar != nil {
		picture := []byte{}
		if *g.Avatar != "" {
			var err error
			if picture, err = open(*g.Avatar); err != nil {
				return fmt.Errorf("avatar: %w", err)
			}
			if _, err := avatar.Inspect(picture); err != nil {
				return fmt.Errorf("avatar: %s %w", *g.Avatar, err)
			}
		}
		g.picture = &picture
	}
	change := admin.GroupChange{Payload: g.Payload, Delivery: g.Delivery, Join: g.Join, Aggregate: g.Aggregate}
	return change.Check()
}
