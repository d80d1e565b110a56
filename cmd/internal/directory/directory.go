package directory

import (
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-xmpp/rollcall/component/source"
)

// Security is how a connection to ldap:// is kept from being read.
type Security string

// The ways.
const (
	Auto     Security = ""         // StartTLS, unless it ends on this machine
	StartTLS Security = "starttls" // in any case
	Off      Security = "off"      // in no case
)

// Config says which directory, and what in it is what.
type Config struct {
	URL      string // ldap://host[:port] or ldaps://host[:port]
	Security Security
	CAFile   string                 // PEM; "" = the system's authorities
	Bind     string                 // DN; "" = anonymous
	Password func() (string, error) // asked for with each connection
	Base     string                 // DN
	Groups   string                 // filter
	People   string                 // filter
	Mapping  Mapping
	Only     []string      // groups; nil = all
	Every    time.Duration // 0 = at once, where the server can tell
	Pace     Pace

	room int           // bytes of a reading; 0 = maxReading
	time time.Duration // of a reading; 0 = readings requests'
}

// Pace is how often the directory is looked at. Zero values are good ones.
type Pace struct {
	Check   time.Duration // whether it is there, and has changed; 30 s
	Reread  time.Duration // all of it, in any case; 10 min
	Blind   time.Duration // all of it, where it does not say whether it has changed; 5 min
	Quiet   time.Duration // until what changes is read; 200 ms
	Timeout time.Duration // of a request; 30 s
}

func (p *Pace) withDefaults() {
	p.Check, p.Reread, p.Blind = orElse(p.Check, 30*time.Second), orElse(p.Reread, 10*time.Minute), orElse(p.Blind, 5*time.Minute)
	p.Quiet, p.Timeout = orElse(p.Quiet, 200*time.Millisecond), orElse(p.Timeout, 30*time.Second)
}

func orElse[T comparable](v, other T) T {
	var none T
	if v == none {
		return other
	}
	return v
}

// Bounds of what a directory may bring.
const (
	MaxPeople = 200_000
	MaxNamed  = 1_000_000 // members of all groups together, also by way of other groups
)

// readings is how many request times a whole reading may take.
const readings = 20

// Directory is a directory as a source.
type Directory struct {
	cfg Config

	// Only the goroutine of Run or Look uses these.
	gone map[string]struct{} // who was named and not found when it was read last
}

// New returns the source.
func New(cfg Config) *Directory {
	cfg.Pace.withDefaults()
	cfg.room, cfg.time = orElse(cfg.room, maxReading), orElse(cfg.time, readings*cfg.Pace.Timeout)
	return &Directory{cfg: cfg}
}

// read reads what there is.
func (d *Directory) read(c *conn) (*list, error) {
	defer c.reading()()
	for range 3 {
		l, err := d.readOnce(c)
		if err != nil {
			return nil, err
		}
		gone := l.gone()
		sure := within(gone, d.gone)
		d.gone = gone
		if sure {
			return l, nil
		}
	}
	return nil, refused("who is in the groups changes faster than it can be read")
}

func (d *Directory) readOnce(c *conn) (*list, error) {
	m := &d.cfg.Mapping
	var groups []*ldap.Entry
	err := c.search(d.cfg.Groups, m.ofGroups(), source.MaxGroups, func(more []*ldap.Entry) error {
		for _, e := range more {
			if err := c.fill(e); err != nil {
				return fmt.Errorf("read the members of %s: %w", short(e.DN), err)
			}
		}
		groups = append(groups, more...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search groups: %w", err)
	}
	l, err := m.start(groups)
	if err != nil {
		return nil, err
	}
	if err := c.search(d.cfg.People, m.ofPeople(), MaxPeople, l.add); err != nil {
		return nil, fmt.Errorf("search people: %w", err)
	}
	return l, l.finish()
}

// within says whether all of a are in b.
func within(a, b map[string]struct{}) bool {
	for key := range a {
		if _, ok := b[key]; !ok {
			return false
		}
	}
	return true
}
