package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mellium.im/xmpp/jid"
)

// Source is somebody who keeps groups.
type Source struct {
	Name    string
	Kind    string // SourcePeer, SourceMUC, SourceFile or SourceLDAP
	Address string // of peers and MUC services, normalised
	Groups  []string
	Path    string // of files, absolute
	Every   time.Duration
	LDAP
}

// The values of [Source].Kind.
const (
	SourcePeer = "peer"
	SourceMUC  = "muc"
	SourceFile = "file"
	SourceLDAP = "ldap"
)

// sourceFormats are the extensions of the files that can be read.
var sourceFormats = []string{".toml", ".json", ".csv", ".txt", ".groups"}

const typeDuration = "duration"

func sourceKeys() []Key {
	more := func(c *Config) { c.Sources = append(c.Sources, Source{}) }
	last := func(c *Config) *Source { return &c.Sources[len(c.Sources)-1] }
	each := func(value func(*Source) string) func(*Config) string {
		return func(c *Config) string {
			var all []string
			for i := range c.Sources {
				if v := value(&c.Sources[i]); v != "" {
					all = append(all, c.Sources[i].Name+"="+v)
				}
			}
			return strings.Join(all, ", ")
		}
	}
	keys := []Key{
		{Name: "sources.name", Type: typeText, Example: `"hr"`, Reload: true, more: more,
			Help:  "What the source is called here: one word. It stands with its groups, in the log and in the metrics. Required.",
			set:   text(func(c *Config, s string) error { return sourceName(s, &last(c).Name) }),
			value: each(func(s *Source) string { return s.Name })},
		{Name: "sources.kind", Type: typeText, Example: `"peer"`, Reload: true, more: more,
			Help: "What it is. peer: another group server, or whatever publishes the nodes of one. muc: rooms of a chat service. file: a file here. ldap: a directory. Required.",
			set: text(func(c *Config, s string) error {
				return oneOf(s, &last(c).Kind, SourcePeer, SourceMUC, SourceFile, SourceLDAP)
			}),
			value: each(func(s *Source) string { return s.Kind })},
		{Name: "sources.address", Type: typeText, Example: `"groups.hr.example.org"`, Reload: true, more: more,
			Help:  "Of a peer or muc: the address of the group server, or of the chat service.",
			set:   text(func(c *Config, s string) error { return domain(s, &last(c).Address) }),
			value: each(func(s *Source) string { return s.Address })},
		{Name: "sources.groups", Type: typeList, Example: `["team"]`, Reload: true, more: more,
			Help: "Only these groups of the source, by the names in their addresses; the same names are theirs here. Without it all that it has: " +
				"of a peer or muc those that it lists to this service.",
			set:   texts(func(c *Config, l []string) error { return groupNames(l, &last(c).Groups) }),
			value: each(func(s *Source) string { return strings.Join(s.Groups, " ") })},
		{Name: "sources.path", Type: typeText, Example: `"groups.toml"`, Reload: true, more: more,
			Help:  "Of a file: where it is. Its extension says how it is written: .toml, .json, .csv, or .txt and .groups for the groups_file of Prosody.",
			set:   text(func(c *Config, s string) error { return sourceFile(s, &last(c).Path) }),
			value: each(func(s *Source) string { return s.Path })},
		{Name: "sources.every", Type: typeDuration, Example: `"15m"`, Reload: true, more: more,
			Help:  "How often the source is read again, such as 30s or 15m. Without it, or with 0s: whenever it changes, as far as it can tell.",
			set:   text(func(c *Config, s string) error { return duration(s, &last(c).Every) }),
			value: each(func(s *Source) string { return rare(s.Every) })},
	}
	return append(keys, ldapKeys(more, last, each)...)
}

// rare is how often something is done; "" = at once, as it happens.
func rare(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func sourceName(s string, to *string) error {
	if s == "" || len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf(`%q is not one word of at most 64 bytes: write one such as "hr"`, s)
	}
	*to = s
	return nil
}

func sourceFile(s string, to *string) error {
	if !slices.Contains(sourceFormats, strings.ToLower(filepath.Ext(s))) {
		return fmt.Errorf("%q does not say how it is written: its name has to end in one of %s", s, strings.Join(sourceFormats, " "))
	}
	*to = s
	return nil
}

func groupNames(l []string, to *[]string) error {
	for _, s := range l {
		if j, err := jid.New(s, "x", ""); err != nil || s == "" || j.Localpart() != s {
			return fmt.Errorf(`%q is no group's name: write what stands before the @ of its address`, s)
		}
	}
	*to = l
	return nil
}

// minEvery is how often a source may be read.
const minEvery = time.Second

func duration(s string, to *time.Duration) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > 0 && d < minEvery {
		return fmt.Errorf(`%q is not a time such as "30s" or "15m", or "0s"`, s)
	}
	*to = d
	return nil
}

// completeSources checks what the lines of a source say together.
func (c *Config) completeSources(dir string) error {
	names := map[string]bool{}
	for i := range c.Sources {
		s := &c.Sources[i]
		wrong := func(key, problem string) error {
			return &Error{File: c.Path, Key: fmt.Sprintf("sources.%s of source %d", key, i+1), Problem: problem}
		}
		atService := s.Kind == SourcePeer || s.Kind == SourceMUC
		switch {
		case s.Name == "":
			return wrong("name", "missing")
		case names[s.Name]:
			return wrong("name", fmt.Sprintf("%q is the name of another source too", s.Name))
		case s.Kind == "":
			return wrong("kind", "missing: write peer, muc, file or ldap")
		case s.Kind == SourceFile && s.Path == "":
			return wrong("path", "missing: a file has to have one")
		case !atService && s.Address != "":
			return wrong("address", "is not for a source of kind "+s.Kind)
		case atService && s.Address == "":
			return wrong("address", fmt.Sprintf("missing: where is the %s?", s.Kind))
		case s.Kind != SourceFile && s.Path != "":
			return wrong("path", "is not for a source of kind "+s.Kind)
		case atService && s.Address == c.Domain:
			return wrong("address", "is our own domain")
		}
		if err := c.completeLDAP(s, dir, wrong); err != nil {
			return err
		}
		names[s.Name] = true
		s.Path = under(dir, s.Path)
	}
	return nil
}

// Fingerprint says whether two sources are the same.
func (s *Source) Fingerprint() string { return fmt.Sprintf("%+v", *s) }

// elements reads the tables of an array, such as [[sources]].
func (c *Config) elements(known map[string]Key, section string, value any) (element int, key string, err error) {
	var more func(*Config)
	for name, k := range known {
		if strings.HasPrefix(name, section+".") {
			more = k.more
		}
	}
	list, ok := value.([]map[string]any)
	if !ok {
		return -1, section, fmt.Errorf("is a list of sections: write [[%s]], and what belongs to one of them below", section)
	}
	for i, table := range list {
		more(c)
		for _, word := range slices.Sorted(maps.Keys(table)) {
			name := section + "." + word
			row, ok := known[name]
			if !ok {
				return i, name, unknown(known, name)
			}
			if err := row.set(c, table[word]); err != nil {
				return i, name, err
			}
		}
	}
	return 0, "", nil
}
