package lab

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
)

//go:embed ejabberd.yml.tmpl
var ejabberdConfig string

// erlLibs is where Debian's ejabberdctl says that Erlang's libraries are.
var erlLibs = regexp.MustCompile(`(?m)^ERL_LIBS='(.*)'`)

// StartEjabberd starts ejabberd (23.01 of Debian's package, or later). Takes a
// few seconds. The error wraps [ErrMissing] if it is not installed.
//
// It runs as plain `erl -s ejabberd`, not by ejabberdctl: no node name, so no
// epmd, no distribution port, and no user to change to.
func StartEjabberd(ctx context.Context, opts Options) (Server, error) {
	ctl, err := lookPath("ejabberdctl")
	if err != nil {
		return nil, fmt.Errorf("%w: ejabberd", ErrMissing)
	}
	erl, err := lookPath("erl")
	if err != nil {
		return nil, fmt.Errorf("%w: ejabberd (erl)", ErrMissing)
	}
	opts, err = opts.withDefaults("ejabberd")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(opts.Dir, "ejabberd.yml")
	d := &daemon{
		base: base{name: "ejabberd", opts: opts},
		proc: process{
			program: erl,
			// Erlang's schedulers spin when idle unless told not to.
			args: []string{"-noinput", "+P", "250000", "+Q", "65536", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none",
				"-mnesia", "dir", fmt.Sprintf("%q", filepath.Join(opts.Dir, "spool")), "-s", "ejabberd"},
			env: []string{"EJABBERD_CONFIG_PATH=" + config, "EJABBERD_LOG_PATH=" + filepath.Join(opts.Dir, "ejabberd.log"),
				"ERL_CRASH_DUMP=" + filepath.Join(opts.Dir, "crash.dump"), "HOME=" + opts.Dir},
		},
		busy:  "address already in use",
		needs: 3,
	}
	if script, err := os.ReadFile(ctl); err == nil {
		if m := erlLibs.FindSubmatch(script); m != nil {
			d.proc.env = append(d.proc.env, "ERL_LIBS="+string(m[1]))
		}
	}
	d.prepare = func(ports []int) error {
		return writeConfig(config, ejabberdConfig, configValues{Options: d.opts, C2S: ports[0], Component: ports[1], HTTP: ports[2]})
	}
	d.ready = d.ejabberdReady
	d.addUser = d.addEjabberdUser
	if err := d.startFirst(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// ejabberdReady asks a question: ejabberd's ports open early in its start, and
// are served late.
func (d *daemon) ejabberdReady(ctx context.Context) error {
	status, err := d.ejabberdCall(ctx, "connected_users_number", struct{}{})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("ask whether it is ready: status %d", status)
	}
	return err
}

func (d *daemon) addEjabberdUser(ctx context.Context, user, password string) error {
	status, err := d.ejabberdCall(ctx, "register", map[string]string{"user": user, "host": d.opts.Host, "password": password})
	if err == nil && status == http.StatusConflict {
		status, err = d.ejabberdCall(ctx, "change_password", map[string]string{"user": user, "host": d.opts.Host, "newpass": password})
	}
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

// ErrCommand: a server does not know, or refuses, a command.
var ErrCommand = errors.New("command refused")

// EjabberdCommand runs a command of `ejabberdctl` on a server that
// [StartEjabberd] started; args become its arguments, as JSON.
func EjabberdCommand(ctx context.Context, s Server, command string, args any) error {
	d, ok := s.(*daemon)
	if !ok || d.name != "ejabberd" {
		return fmt.Errorf("run %s on %s: %w", command, s.Name(), ErrCommand)
	}
	status, err := d.ejabberdCall(ctx, command, args)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%w: status %d", ErrCommand, status)
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", command, err)
	}
	return nil
}

// ejabberdCall runs one command of mod_http_api.
func (d *daemon) ejabberdCall(ctx context.Context, command string, args any) (status int, err error) {
	body, err := json.Marshal(args)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+d.ports[2].addr()+"/api/"+command, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true // no connection, no goroutine is left behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
