package main

import (
	"strings"
	"testing"
)

func TestSnippets(t *testing.T) {
	for name, test := range map[string]struct{ config, prosody, ejabberd string }{
		"defaults": {
			config: "domain = \"groups.example.org\"\n[server]\nsecret = 'a\"b\\c'",
			prosody: `-- At the end of prosody.cfg.lua; then: prosodyctl check config && prosodyctl restart
Component "groups.example.org"
    component_secret = "a\"b\\c"

-- Optional, for large groups: in the global part, and below VirtualHost "example.org". What is
-- alike for many of its users then leaves once, and is copied here. The module comes with rollcall.
--   plugin_paths = { "/usr/share/rollcall/prosody" }
--   modules_enabled = { "rollcall_multicast" }
--   multicast_senders = { "groups.example.org" }
`,
			ejabberd: `# In ejabberd.yml, one more entry of the list below listen:, at its indentation;
# then: ejabberdctl reload_config
  -
    port: 5347
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all           # who knows the password; the port is the fence
    shaper: none          # a fan-out is fast; rollcall paces itself
    max_stanza_size: 262144
    hosts:                # no other host here: an attached component gets them all
      "groups.example.org":
        password: "a\"b\\c"

# Optional, for large groups: below acl:, access_rules: and modules:. What is
# alike for many of the server's users then leaves once, and is copied here.
#   acl:           {rollcall: {server: "groups.example.org"}}
#   access_rules:  {rollcall: {allow: rollcall}}
#   modules:       {mod_multicast: {access: rollcall, limits: {remote: {message: infinite, presence: infinite}}}}
`,
		},
		"elsewhere": {
			config: "domain = \"team.example.net\"\n[server]\naddress = \"xmpp.example.org:5999\"\nhost = \"example.org\"\ntls = true\nsecret = \"s\\tü<>\"",
			prosody: `-- In the global part of prosody.cfg.lua, above the first VirtualHost:
component_ports = { 5999 }
component_interfaces = { "*", "::" }

-- server.tls is set, but Prosody's component port speaks no TLS: put a TLS proxy
-- before it, or set tls = false where the way to it is safe.

-- Below VirtualHost "example.org", so that clients find the service:
disco_items = { { "team.example.net", "Group presence" } }

-- At the end of prosody.cfg.lua; then: prosodyctl check config && prosodyctl restart
Component "team.example.net"
    component_secret = "s\009ü<>"

-- Optional, for large groups: in the global part, and below VirtualHost "example.org". What is
-- alike for many of its users then leaves once, and is copied here. The module comes with rollcall.
--   plugin_paths = { "/usr/share/rollcall/prosody" }
--   modules_enabled = { "rollcall_multicast" }
--   multicast_senders = { "team.example.net" }
`,
			ejabberd: `# In ejabberd.yml, one more entry of the list below listen:, at its indentation;
# then: ejabberdctl reload_config
  -
    port: 5999
    ip: "::"
    module: ejabberd_service
    access: all           # who knows the password; the port is the fence
    shaper: none          # a fan-out is fast; rollcall paces itself
    max_stanza_size: 262144
    tls: true
    certfile: "FILE"      # PEM, key and chain, for xmpp.example.org; certfiles is not enough here
    hosts:                # no other host here: an attached component gets them all
      "team.example.net":
        password: "s\tü<>"

# Optional, for large groups: below acl:, access_rules: and modules:. What is
# alike for many of the server's users then leaves once, and is copied here.
#   acl:           {rollcall: {server: "team.example.net"}}
#   access_rules:  {rollcall: {allow: rollcall}}
#   modules:       {mod_multicast: {access: rollcall, limits: {remote: {message: infinite, presence: infinite}}}}
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.write("rollcall.toml", test.config)
			same(t, b.done("snippet", "prosody"), test.prosody)
			same(t, b.done("snippet", "ejabberd"), test.ejabberd)
		})
	}
}

func TestSnippetInterfaces(t *testing.T) {
	for address, want := range map[string][2]string{
		"127.0.0.1:5348": {`{ "127.0.0.1" }`, `"127.0.0.1"`},
		"localhost:5348": {`{ "127.0.0.1" }`, `"127.0.0.1"`},
		"[::1]:5348":     {`{ "::1" }`, `"::1"`},
		"192.0.2.7:5347": {`{ "192.0.2.7" }`, `"192.0.2.7"`},
	} {
		b := newBench(t)
		b.write("rollcall.toml", "domain = \"groups.example.org\"\n[server]\naddress = \""+address+"\"\nsecret = \"s\"")
		if out := b.done("snippet", "prosody"); !strings.Contains(out, "component_interfaces = "+want[0]+"\n") {
			t.Errorf("%s: %s", address, out)
		}
		if out := b.done("snippet", "ejabberd"); !strings.Contains(out, "ip: "+want[1]+"\n") {
			t.Errorf("%s: %s", address, out)
		}
	}
}

func TestSnippetWithoutSecret(t *testing.T) {
	b := newBench(t)
	code, stdout, stderr := b.run("snippet", "prosody")
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "server.secret_file") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
}
