package doctor

import (
	"fmt"
	"net"
)

// lines keeps those that are for the server we talk to, all if that is not
// known.
func (e *exam) lines(all ...Lines) (fit []Lines) {
	for _, l := range all {
		if e.server == "" || l.For == string(e.server) {
			fit = append(fit, l)
		}
	}
	return fit
}

func rollcallLines(text string) Lines { return Lines{"rollcall", "rollcall.toml", text} }

func prosodyLines(where, text string) Lines {
	return Lines{string(prosody), "prosody.cfg.lua, " + where, text}
}

func ejabberdLines(where, text string) Lines {
	return Lines{string(ejabberd), "ejabberd.yml, " + where, text}
}

func ejabberdTLS() Lines {
	return ejabberdLines("the listener of ejabberd_service", "    tls: true\n    certfile: \"FILE\"    # PEM, key and chain; certfiles is not enough here")
}

func (e *exam) port() string {
	_, port, _ := net.SplitHostPort(e.Link.Addr)
	return port
}

// portLines open a component port. Prosody opens 5347 by itself.
func (e *exam) portLines() []Lines {
	if e.port() == "5347" {
		return e.componentLines()
	}
	return append([]Lines{prosodyLines("in the global part", fmt.Sprintf("component_ports = { %s }", e.port()))}, e.componentLines()...)
}

// componentLines make the component known. The secret is not repeated here.
func (e *exam) componentLines() []Lines {
	return []Lines{
		prosodyLines("at the end", fmt.Sprintf("Component %q\n    component_secret = \"…\"    -- rollcall snippet prosody prints the whole", e.Link.Domain)),
		ejabberdLines("listen", fmt.Sprintf("  -\n    port: %s\n    module: ejabberd_service\n    hosts:\n      %q:\n        password: \"…\"    # rollcall snippet ejabberd prints the whole", e.port(), e.Link.Domain)),
	}
}

func (e *exam) privilegeLines() []Lines {
	d := e.Link.Domain
	return e.lines(
		prosodyLines("below VirtualHost \""+e.Link.ServerHost+"\" (package prosody-modules)", fmt.Sprintf(
			"modules_enabled = { \"privilege\" }    -- and the same below Component %q\nprivileged_entities = { [%q] = { roster = \"both\", presence = \"managed_entity\" } }", d, d)),
		ejabberdLines("acl, access_rules and modules", ejabberdRule(d)+"modules:\n  mod_privilege:\n    presence:\n      managed_entity: rollcall"))
}

// multicastLines are for Prosody those of the module that comes with us; for
// ejabberd they have a limit for remote senders, as which it counts components,
// and keep others of these out.
func (e *exam) multicastLines() []Lines {
	return []Lines{prosodyLines("in the global part, and below VirtualHost \""+e.Link.ServerHost+"\"", fmt.Sprintf(
		"plugin_paths = { \"/usr/share/rollcall/prosody\" }    -- in the global part\nmodules_enabled = { \"rollcall_multicast\" }\nmulticast_senders = { %q }", e.Link.Domain)),
		ejabberdLines("acl, access_rules and modules", ejabberdRule(e.Link.Domain)+fmt.Sprintf(
			"modules:\n  mod_multicast:\n    host: %q\n    access: rollcall\n    limits:\n      remote:\n        message: infinite\n        presence: infinite",
			"multicast."+e.Link.ServerHost))}
}

// ejabberdRule is an access rule for us alone.
func ejabberdRule(domain string) string {
	return fmt.Sprintf("acl:\n  rollcall:\n    server: %q\naccess_rules:\n  rollcall:\n    allow: rollcall\n", domain)
}
