package main

import (
	"fmt"
	"strings"

	"mellium.im/xmpp/jid"
)

// attribute is a NAME=VALUE of the command line.
type attribute struct{ name, value string }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *attribute) UnmarshalText(text []byte) (err error) {
	var ok bool
	if a.name, a.value, ok = strings.Cut(string(text), "="); !ok || a.name == "" {
		return fmt.Errorf(`%q is not NAME=VALUE, such as phone=123 or title="Shift lead"`, text)
	}
	return nil
}

// changedAttributes makes a change of a list of NAME=VALUE; an empty value
// removes.
func changedAttributes(list []attribute) (map[string]*string, error) {
	change := make(map[string]*string, len(list))
	for _, a := range list {
		if _, twice := change[a.name]; twice {
			return nil, usageError{fmt.Errorf("attribute %s is given twice: keep one", a.name)}
		}
		change[a.name] = nil
		if a.value != "" {
			change[a.name] = &a.value
		}
	}
	return change, nil
}

// newAttributes is the same where there is nothing to remove yet.
func newAttributes(list []attribute) (map[string]*string, error) {
	for _, a := range list {
		if a.value == "" {
			return nil, usageError{fmt.Errorf("attribute %s has no value: write %s=VALUE", a.name, a.name)}
		}
	}
	return changedAttributes(list)
}

// userJID is a bare address of the command line, normalised.
type userJID string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (u *userJID) UnmarshalText(text []byte) error {
	j, err := jid.Parse(string(text))
	if err != nil {
		return fmt.Errorf("%q is not an address, such as alice@example.org: %w", text, err)
	}
	*u = userJID(j.Bare().String())
	return nil
}

// jidFlag is an address of the command line, bare or full.
type jidFlag string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *jidFlag) UnmarshalText(text []byte) error {
	if _, err := jid.Parse(string(text)); err != nil {
		return fmt.Errorf("%q is not an address, such as alice@example.org: %w", text, err)
	}
	*f = jidFlag(text)
	return nil
}
