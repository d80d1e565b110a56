package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/jid"
)

// setter checks a value and puts it where it belongs. Its error says what is
// wrong and what would be right.
type setter func(c *Config, value any) error

func text(set func(*Config, string) error) setter {
	return func(c *Config, value any) error {
		s, ok := value.(string)
		if !ok {
			return errors.New(`must be text: put it in "quotes"`)
		}
		return set(c, s)
	}
}

func flag(set func(*Config, bool)) setter {
	return func(c *Config, value any) error {
		b, ok := value.(bool)
		if !ok {
			return errors.New("must be true or false, without quotes")
		}
		set(c, b)
		return nil
	}
}

func list(set func(*Config, []string) error) setter {
	return func(c *Config, value any) error {
		values, ok := value.([]any)
		var texts []string
		for _, v := range values {
			s, isText := v.(string)
			ok = ok && isText
			texts = append(texts, s)
		}
		if !ok {
			return errors.New(`must be a list of addresses: write ["admin@example.org"]`)
		}
		return set(c, texts)
	}
}

func domain(s string, to *string) error {
	j, err := jid.Parse(s)
	if err != nil || j.Localpart() != "" || j.Resourcepart() != "" {
		return fmt.Errorf(`%q is not a domain: write one such as "groups.example.org"`, s)
	}
	*to = j.String()
	return nil
}

func address(s string, to *string) error {
	host, port, err := net.SplitHostPort(s)
	n, numErr := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || numErr != nil || n == 0 {
		return fmt.Errorf(`%q is not host:port: write one such as "127.0.0.1:5347"`, s)
	}
	*to = s
	return nil
}

func listen(s string, to *string) error {
	host, port, err := net.SplitHostPort(s)
	_, numErr := strconv.ParseUint(port, 10, 16)
	if s != "" && (err != nil || host == "" || numErr != nil) {
		return fmt.Errorf(`%q is not host:port: write one such as "127.0.0.1:8086", or "" for none`, s)
	}
	*to = s
	return nil
}

func file(s string, to *string) error {
	if s == "" {
		return errors.New("is empty: write the name of a file, or remove the line")
	}
	*to = s
	return nil
}

func storeURL(s string, to *string) error {
	if path, ok := strings.CutPrefix(s, "sqlite:"); !ok || path == "" {
		// The value is not repeated: other programs' urls hold passwords.
		return errors.New(`is not a store: write "sqlite:FILE", such as "sqlite:rollcall.db"`)
	}
	*to = s
	return nil
}

func addresses(l []string, to *[]string) error {
	var bare []string
	for _, s := range l {
		j, err := jid.Parse(s)
		if err != nil || j.Resourcepart() != "" {
			return fmt.Errorf(`%q is not a bare address: write one such as "admin@example.org"`, s)
		}
		bare = append(bare, j.String())
	}
	*to = bare
	return nil
}

func level(s string, to *slog.Level) error {
	var name string
	if err := oneOf(s, &name, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	return to.UnmarshalText([]byte(name))
}

func oneOf(s string, to *string, allowed ...string) error {
	if !slices.Contains(allowed, s) {
		return fmt.Errorf(`%q is not possible: write "%s"`, s, strings.Join(allowed, `" or "`))
	}
	*to = s
	return nil
}
