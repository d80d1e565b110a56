package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

type snippetCmd struct {
	Server string `arg:"" enum:"prosody,ejabberd" help:"The server: prosody or ejabberd."`
}

// Help implements [kong.HelpProvider].
func (snippetCmd) Help() string {
	return `The lines follow from the configuration, the component's secret included: mind where the output goes.

    rollcall snippet prosody`
}

// Run prints the lines.
func (c *snippetCmd) Run(s *session) error {
	cfg, err := config.Load(s.configPath)
	if err != nil {
		return err
	}
	if cfg.Server.Secret, err = cfg.Secret(s.Getenv); err != nil {
		return err
	}
	if c.Server == "ejabberd" {
		s.printf("%s", ejabberdSnippet(cfg))
	} else {
		s.printf("%s", prosodySnippet(cfg))
	}
	return nil
}

const (
	defaultPort = "5347" // XEP-0114 names none; everybody uses this one
	maxStanza   = 1 << 18
)

// prosodySnippet is for Prosody 0.12 and later.
func prosodySnippet(cfg *config.Config) string {
	host, port, _ := net.SplitHostPort(cfg.Server.Address) // checked when loaded
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if port != defaultPort || !isLoopback(host) {
		line("-- In the global part of prosody.cfg.lua, above the first VirtualHost:")
		line("component_ports = { %s }", port)
		line("component_interfaces = { %s }", prosodyInterfaces(host))
		line("")
	}
	if cfg.Server.TLS {
		line("-- server.tls is set, but Prosody's component port speaks no TLS: put a TLS proxy")
		line("-- before it, or set tls = false where the way to it is safe.")
		line("")
	}
	if !strings.HasSuffix(cfg.Domain, "."+cfg.Server.Host) {
		line("-- Below VirtualHost %s, so that clients find the service:", luaQuote(cfg.Server.Host))
		line("disco_items = { { %s, \"Group presence\" } }", luaQuote(cfg.Domain))
		line("")
	}
	if cfg.Presence.From != config.Subscription {
		line("-- Below VirtualHost %s, where \"privilege\" is one more of modules_enabled: the server tells of all", luaQuote(cfg.Server.Host))
		line("-- its users, in groups or not. The module is of the package prosody-modules.")
		line("modules_enabled = { \"privilege\" }")
		line("privileged_entities = { [%s] = { presence = \"managed_entity\" } }", luaQuote(cfg.Domain))
		line("")
	}
	line("-- At the end of prosody.cfg.lua; then: prosodyctl check config && prosodyctl restart")
	line("Component %s", luaQuote(cfg.Domain))
	line("    component_secret = %s", luaQuote(cfg.Server.Secret.Reveal()))
	if cfg.Presence.From != config.Subscription {
		line("    modules_enabled = { \"privilege\" }")
	}
	if service := cfg.Delivery.Service(); service != "" {
		line("")
		line("-- The admins line lets us make nodes there; the service may be there already.")
		line("Component %s \"pubsub\"", luaQuote(service))
		line("    admins = { %s }", luaQuote(cfg.Domain))
	}
	prosodyMulticast(line, cfg)
	return b.String()
}

// prosodyMulticast lets the server copy what is alike for many, by a module of
// ours.
func prosodyMulticast(line func(string, ...any), cfg *config.Config) {
	if cfg.Delivery.Multicast != config.Auto {
		return
	}
	line("")
	line("-- Optional, for large groups: in the global part, and below VirtualHost %s. What is", luaQuote(cfg.Server.Host))
	line("-- alike for many of its users then leaves once, and is copied here. The module comes with rollcall.")
	line("--   plugin_paths = { \"/usr/share/rollcall/prosody\" }")
	line("--   modules_enabled = { \"rollcall_multicast\" }")
	line("--   multicast_senders = { %s }", luaQuote(cfg.Domain))
}

// ejabberdSnippet is for ejabberd 23.01 and later.
func ejabberdSnippet(cfg *config.Config) string {
	host, port, _ := net.SplitHostPort(cfg.Server.Address) // checked when loaded
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# In ejabberd.yml, one more entry of the list below listen:, at its indentation;")
	line("# then: ejabberdctl reload_config")
	line("  -")
	line("    port: %s", port)
	line("    ip: %s", ejabberdIP(host))
	line("    module: ejabberd_service")
	line("    access: all           # who knows the password; the port is the fence")
	line("    shaper: none          # a fan-out is fast; rollcall paces itself")
	line("    max_stanza_size: %d", maxStanza)
	if cfg.Server.TLS {
		line("    tls: true")
		line("    certfile: \"FILE\"      # PEM, key and chain, for %s; certfiles is not enough here", host)
	}
	line("    hosts:                # no other host here: an attached component gets them all")
	line("      %s:", yamlQuote(cfg.Domain))
	line("        password: %s", yamlQuote(cfg.Server.Secret.Reveal()))
	ejabberdPrivilege(line, cfg)
	ejabberdMulticast(line, cfg)
	ejabberdPubSub(line, cfg)
	return b.String()
}

// ejabberdPubSub lets us make nodes at the server's own PubSub service.
func ejabberdPubSub(line func(string, ...any), cfg *config.Config) {
	service := cfg.Delivery.Service()
	if service == "" {
		return
	}
	line("")
	line("# Below acl:, access_rules: and modules:; mod_pubsub may be there already. Who else may make nodes")
	line("# stands in the rule, too.")
	line("#   acl:           {rollcall: {server: %s}}", yamlQuote(cfg.Domain))
	line("#   access_rules:  {rollcall_nodes: {allow: rollcall}}")
	line("#   modules:       {mod_pubsub: {host: %s, access_createnode: rollcall_nodes, plugins: [flat, pep]}}", yamlQuote(service))
}

// ejabberdMulticast lets the server copy what is alike for many.
func ejabberdMulticast(line func(string, ...any), cfg *config.Config) {
	if cfg.Delivery.Multicast != config.Auto {
		return
	}
	line("")
	line("# Optional, for large groups: below acl:, access_rules: and modules:. What is")
	line("# alike for many of the server's users then leaves once, and is copied here.")
	line("#   acl:           {rollcall: {server: %s}}", yamlQuote(cfg.Domain))
	line("#   access_rules:  {rollcall: {allow: rollcall}}")
	line("#   modules:       {mod_multicast: {access: rollcall, limits: {remote: {message: infinite, presence: infinite}}}}")
}

// ejabberdPrivilege is what lets ejabberd tell of its users, as far as it does.
func ejabberdPrivilege(line func(string, ...any), cfg *config.Config) {
	switch cfg.Presence.From {
	case config.Subscription:
		return
	case config.FromServer:
		line("")
		line("# presence.from is \"server\", but ejabberd does not say who is there when a component attaches, nor")
		line("# whose connection just ended: write \"both\" in %s.", cfg.Path)
	}
	line("")
	line("# At the top level of ejabberd.yml, into acl, access_rules and modules where these are there:")
	line("acl:")
	line("  rollcall:")
	line("    server: %s", yamlQuote(cfg.Domain))
	line("access_rules:")
	line("  rollcall:")
	line("    allow: rollcall")
	line("modules:")
	line("  mod_privilege:        # it tells of all its users, in groups or not")
	line("    presence:")
	line("      managed_entity: rollcall")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// prosodyInterfaces and ejabberdIP are where the server has to listen to be
// reached at host. Which of its addresses a name stands for is not known here.
func prosodyInterfaces(host string) string {
	if ip := bindAddress(host); ip != "" {
		return luaQuote(ip)
	}
	return `"*", "::"`
}

func ejabberdIP(host string) string {
	if ip := bindAddress(host); ip != "" {
		return yamlQuote(ip)
	}
	return `"::"`
}

// bindAddress is the address that host certainly stands for, or "".
func bindAddress(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	if net.ParseIP(host) != nil {
		return host
	}
	return ""
}

// luaQuote writes s as a string of Lua, which has decimal escapes.
func luaQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// yamlQuote writes s as JSON, which is YAML as well.
func yamlQuote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
