package lists

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/exchange"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// MaxFile bounds a file, in bytes.
const MaxFile = 16 << 20

var errHalf = errors.New("its last line does not end: is there more to come?")

// Read reads groups, by name; the file's name says how they are written.
func Read(name string, data []byte) ([]*roster.Basic, error) {
	var f *file
	var err error
	if len(data) > MaxFile {
		return nil, fmt.Errorf("has more than %d bytes", MaxFile)
	}
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".toml":
		f, err = readTOML(data)
	case ".json":
		f, err = readJSON(data)
	case ".csv":
		f, err = readCSV(data)
	case ".txt", ".groups":
		return readProsody(data)
	default:
		return nil, fmt.Errorf("%q: it is not known how that is written", ext)
	}
	if err != nil {
		return nil, err
	}
	return f.basics()
}

// file is what TOML and JSON have.
type file struct {
	Groups map[string]group `toml:"groups" json:"groups"`
}

type group struct {
	Title       string            `toml:"title" json:"title"`
	Description string            `toml:"description" json:"description"`
	Language    string            `toml:"language" json:"language"`
	Attributes  map[string]string `toml:"attributes" json:"attributes"`
	Members     map[string]member `toml:"members" json:"members"`
}

type member struct {
	Nick        string            `toml:"nick" json:"nick"`
	Affiliation string            `toml:"affiliation" json:"affiliation"`
	Roles       []string          `toml:"roles" json:"roles"`
	Attributes  map[string]string `toml:"attributes" json:"attributes"`
}

func readTOML(data []byte) (*file, error) {
	f := &file{}
	meta, err := toml.Decode(string(data), f)
	if err != nil {
		return nil, err
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("%s is not known", extra[0])
	}
	if f.Groups == nil {
		return nil, errors.New("there is no [groups.NAME] in it")
	}
	return f, nil
}

func readJSON(data []byte) (*file, error) {
	f := &file{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the end")
	}
	if f.Groups == nil {
		return nil, errors.New(`there is no "groups" in it`)
	}
	return f, nil
}

// whole says whether a file of lines ends with one.
func whole(data []byte) error {
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return errHalf
	}
	return nil
}

func readCSV(data []byte) (*file, error) {
	if err := whole(data); err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read the names of the columns: %w", err)
	}
	for _, column := range []string{"group", "jid"} {
		if !slices.Contains(head, column) {
			return nil, fmt.Errorf("the first line names no column %s", column)
		}
	}
	f := &file{Groups: map[string]group{}}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		n, _ := r.FieldPos(0)
		if err := f.row(head, row); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// row adds a member.
func (f *file) row(head, row []string) error {
	if len(row) > len(head) {
		return fmt.Errorf("it has %d columns, but only %d have names", len(row), len(head))
	}
	var m member
	var in, address string
	for i, value := range row {
		value = strings.TrimSpace(value)
		switch head[i] {
		case "group":
			in = value
		case "jid":
			address = value
		case "nick":
			m.Nick = value
		case "affiliation":
			m.Affiliation = value
		case "roles":
			m.Roles = strings.Fields(value)
		default:
			if value != "" {
				if m.Attributes == nil {
					m.Attributes = map[string]string{}
				}
				m.Attributes[head[i]] = value
			}
		}
	}
	g, ok := f.Groups[in]
	if !ok {
		g.Members = map[string]member{}
		f.Groups[in] = g
	}
	if address == "" && ok || in == "" {
		return errors.New("a group or an address is missing")
	}
	if address == "" { // a group without members
		return nil
	}
	if _, twice := g.Members[address]; twice {
		return fmt.Errorf("%s is named twice in %s", address, in)
	}
	g.Members[address] = m
	return nil
}

// comments are what people write into such files, though mod_groups takes it
// for members.
var comments = regexp.MustCompile(`(?m)^[ \t]*#.*$`)

func readProsody(data []byte) ([]*roster.Basic, error) {
	if err := whole(data); err != nil {
		return nil, err
	}
	foreign, err := exchange.Prosody(bytes.NewReader(comments.ReplaceAll(data, nil)))
	if err != nil {
		return nil, err
	}
	if len(foreign.Ignored) > 0 {
		return nil, fmt.Errorf("%s: that is no address", foreign.Ignored[0])
	}
	f := &file{Groups: map[string]group{}}
	for _, g := range foreign.Groups {
		one := group{Title: g.Title, Members: map[string]member{}}
		for _, m := range g.Members {
			one.Members[m.JID] = member{Nick: m.Nick}
		}
		f.Groups[g.Name] = one
	}
	return f.basics()
}

// basics is the file as the roster takes it in.
func (f *file) basics() ([]*roster.Basic, error) {
	if len(f.Groups) > source.MaxGroups {
		return nil, fmt.Errorf("it has %d groups, at most %d are possible", len(f.Groups), source.MaxGroups)
	}
	var all []*roster.Basic
	for _, name := range slices.Sorted(maps.Keys(f.Groups)) {
		g := f.Groups[name]
		b := &roster.Basic{Name: name, Title: g.Title, Description: g.Description, Language: g.Language, Attributes: attributes(g.Attributes)}
		for _, address := range slices.Sorted(maps.Keys(g.Members)) {
			m, err := g.Members[address].basic(address)
			if err != nil {
				return nil, fmt.Errorf("group %s: %w", name, err)
			}
			b.Members = append(b.Members, m)
		}
		all = append(all, b)
	}
	return all, nil
}

func (m member) basic(address string) (b roster.BasicMember, err error) {
	j, err := jid.Parse(address)
	if err != nil || j.Localpart() == "" || j.Resourcepart() != "" {
		return b, fmt.Errorf("%q is no user's address", address)
	}
	b = roster.BasicMember{JID: j.String(), Nick: m.Nick, Roles: m.Roles, Attributes: attributes(m.Attributes)}
	if m.Affiliation != "" {
		if b.Affiliation, err = roster.ParseAffiliation(m.Affiliation); err != nil {
			return b, fmt.Errorf("%s: %w", address, err)
		}
	}
	return b, nil
}

func attributes(all map[string]string) (list []roster.Attribute) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, roster.Attribute{Name: name, Value: all[name]})
	}
	return list
}
