package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Secret is a text that does not show itself: whatever prints, logs or
// marshals it gets "[secret]".
type Secret struct {
	// A pointer, so that even a print that goes past the methods (of a field
	// nobody exports) shows an address only.
	value *string
}

const hidden = "[secret]"

// NewSecret hides s.
func NewSecret(s string) Secret { return Secret{&s} }

// Reveal returns the text itself, "" of the zero Secret.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Format implements [fmt.Formatter] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// String implements [fmt.Stringer].
func (Secret) String() string { return hidden }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements [encoding.TextMarshaler].
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// secretSource is what the file says about the secret.
type secretSource struct {
	inline Secret
	file   string
}

// set takes one of the two keys; the other one must not be there as well.
func (s *secretSource) set(inline, file string) error {
	switch {
	case inline == "" && file == "":
		return errors.New("is empty: write the secret that the server's configuration has for this component")
	case s.file != "" || s.inline.value != nil:
		return errors.New("the secret is given twice: keep one of secret and secret_file")
	case file != "":
		s.file = file
	default:
		s.inline = NewSecret(inline)
	}
	return nil
}

// InlineSecret says whether the file itself holds the secret.
func (c *Config) InlineSecret() bool { return c.secret.inline.value != nil }

// SecretFile is the file that Secret reads, "" if the secret is elsewhere.
func (c *Config) SecretFile(getenv func(string) string) string {
	dir := getenv("CREDENTIALS_DIRECTORY")
	switch {
	case getenv("ROLLCALL_SECRET") != "" || c.InlineSecret():
		return ""
	case c.secret.file != "" || dir == "":
		return c.secret.file
	}
	return filepath.Join(dir, "secret")
}

// Secret returns the component secret, read from where the package's manual
// says. getenv is [os.Getenv], or a test's.
func (c *Config) Secret(getenv func(string) string) (Secret, error) {
	if env := getenv("ROLLCALL_SECRET"); env != "" {
		return NewSecret(env), nil
	}
	if c.InlineSecret() {
		return c.secret.inline, nil
	}
	if file := c.SecretFile(getenv); file != "" {
		key := "server.secret_file"
		if c.secret.file == "" {
			key = "credential"
		}
		return c.readSecret(key, file)
	}
	return Secret{}, &Error{File: c.Path, Key: "server.secret", Problem: "missing",
		Remedy: `write secret_file = "FILE" or secret = "…" below [server], or set ROLLCALL_SECRET, or give systemd's LoadCredential=secret:FILE`}
}

func (c *Config) readSecret(key, path string) (Secret, error) {
	secret, err := ReadSecret(path)
	if err != nil {
		return Secret{}, &Error{File: c.Path, Key: key, Problem: err.Error(),
			Remedy: "write the component's secret into that file, one line, readable by this user"}
	}
	return secret, nil
}

// ReadSecret reads a file of one line. One line break at its end is not part
// of it.
func ReadSecret(path string) (Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, err
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if secret == "" || strings.ContainsAny(secret, "\r\n") {
		return Secret{}, fmt.Errorf("%s does not hold one line of text", path)
	}
	return NewSecret(secret), nil
}
