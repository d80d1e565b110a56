package apply

import (
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
	"mellium.im/xmpp/jid"
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
	Avatar      *string            `yaml:"avatar"` // a file; "" = the generated picture
	Attributes  map[string]string  `yaml:"attributes"`
	Members     map[string]*Member `yaml:"members"`

	picture *[]byte // that Avatar names, by Pictures
}

// Member is what one member should be; nil is as it is.
type Member struct {
	Nick        *string           `yaml:"nick"`
	Affiliation *string           `yaml:"affiliation"`
	Roles       *[]string         `yaml:"roles"`
	Attributes  map[string]string `yaml:"attributes"`
}

// Pictures reads the pictures that the file names.
func (f *File) Pictures(read func(name string) ([]byte, error)) error {
	for name, g := range f.Groups {
		if g.Avatar == nil {
			continue
		}
		data, err := read(*g.Avatar)
		if err != nil {
			return fmt.Errorf("group %s: %w", name, err)
		}
		g.picture = &data
	}
	return nil
}

// Read reads a file. A key that is not known is an error, for it was meant to
// do something.
func Read(r io.Reader) (*File, error) {
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
