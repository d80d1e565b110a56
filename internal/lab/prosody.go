package lab

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed prosody.cfg.lua.tmpl
var prosodyConfig string

// StartProsody starts Prosody (0.12 of Debian's package, or later). Takes
// about half a second. The error wraps [ErrMissing] if it is not installed.
func StartProsody(ctx context.Context, opts Options) (Server, error) {
	program, err := lookPath("prosody")
	if err != nil {
		return nil, fmt.Errorf("%w: prosody", ErrMissing)
	}
	opts, err = opts.withDefaults("prosody")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(opts.Dir, "prosody.cfg.lua")
	d := &daemon{
		base:  base{name: "prosody", opts: opts},
		proc:  process{program: program, args: []string{"--config", config, "-F"}},
		busy:  "Failed to open server port",
		needs: 2,
	}
	d.prepare = func(ports []int) error {
		return writeConfig(config, prosodyConfig, configValues{Options: d.opts, C2S: ports[0], Component: ports[1]})
	}
	d.addUser = d.addProsodyUser
	if err := d.startFirst(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// addProsodyUser writes the account as mod_auth_internal_plain does: it is
// read at each login, and prosodyctl would take a second.
func (d *daemon) addProsodyUser(_ context.Context, user, password string) error {
	dir := filepath.Join(d.opts.Dir, "data", prosodyFileName(d.opts.Host), "accounts")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	account := fmt.Sprintf("return {\n\t[\"password\"] = %s;\n};\n", luaString(password))
	return os.WriteFile(filepath.Join(dir, prosodyFileName(user)+".dat"), []byte(account), 0o600)
}

// prosodyFileName is how Prosody's util.datamanager names files.
func prosodyFileName(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// luaString quotes s for Lua: every byte that could be special by its number.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "\\%03d", c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// configValues is what the configurations' templates may use.
type configValues struct {
	Options
	C2S, Component, HTTP int // ports
}

// Full says whether the modules of an ordinary installation are wanted.
func (v configValues) Full() bool { return v.Modules == Full }

func writeConfig(path, text string, values configValues) error {
	tmpl, err := template.New(filepath.Base(path)).Funcs(template.FuncMap{"lua": luaString, "contains": strings.Contains}).Parse(text)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := tmpl.Execute(file, values); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
