package config

import (
	"log/slog"
	"strings"
)

// Key is one key of the configuration file: the row of the table from which
// the file is read, its changes are told and its documentation is made.
type Key struct {
	Name    string // with its section, such as server.address
	Type    string // for people: text, list of texts, true or false
	Default string // as it would stand in the file; "" = see Help
	Example string // as it could stand in the file
	Help    string // whole sentences
	Reload  bool   // whether SIGHUP brings it into force

	more   func(c *Config) // of a section that may stand there several times, [[such]]: begins another one; set and value are about the last
	set    setter
	value  func(c *Config) string // for people, and equal only if nothing changed
	secret bool                   // value is not for people
}

// Section is the part of the name before the dot, "" at the top of the file.
func (k Key) Section() string { section, _ := cutLast(k.Name); return section }

// Word is the name without its section, as it stands in the file.
func (k Key) Word() string { _, word := cutLast(k.Name); return word }

// Repeats says whether the key's section may stand in the file several times,
// each time as [[section]].
func (k Key) Repeats() bool { return k.more != nil }

// The types of keys, for people.
const (
	typeText = "text"
	typeList = "list of texts"
	typeFlag = "true or false"
)

// Keys are all the keys there are, section by section, in the order in which
// a reader wants to meet them.
func Keys() []Key {
	var all []Key
	for _, section := range [][]Key{{domainKey()}, serverKeys(), storeKeys(), adminKeys(), sourceKeys(), presenceKeys(), peerKeys(), deliveryKeys(), limitKeys(), webhookKeys(), httpKeys(), logKeys()} {
		all = append(all, section...)
	}
	return all
}

// Sections tells what the sections are about, by name.
func Sections() map[string]string {
	return map[string]string{
		"":         "The service itself.",
		"server":   "The XMPP server whose component the service is, and how to reach its component port.",
		"store":    "Where groups, members, policies and subscriptions are kept.",
		"admin":    "Who may administer the service.",
		"presence": "Where the presence of the server's own users comes from.",
		"sources":  "Who else keeps groups: each source has a section of its own. Here such groups can only be read; their policies, and what members let others see, are set here.",
		"peers":    "Other services of groups that are trusted, with the presence of users here or for that of theirs: each has a section of its own.",
		"delivery": "Where group presence leaves.",
		"limits":   "Who may use the service, and how much.",
		"webhooks": "Whom webhooks may reach.",
		"http":     "Metrics and health, for machines.",
		"log":      "What the service says on standard error.",
	}
}

func domainKey() Key {
	return Key{Name: "domain", Type: typeText, Example: `"groups.example.org"`,
		Help:  "The service's own domain: a group's address is team@groups.example.org. Required.",
		set:   text(func(c *Config, s string) error { return domain(s, &c.Domain) }),
		value: func(c *Config) string { return c.Domain }}
}

func serverKeys() []Key {
	return []Key{
		{Name: "server.address", Type: typeText, Default: `"127.0.0.1:5347"`, Example: `"127.0.0.1:5347"`,
			Help: "Host and port of the server's component port. Where it is another machine, the way there has to be safe: " +
				"set tls, or use a tunnel.",
			set:   text(func(c *Config, s string) error { return address(s, &c.Server.Address) }),
			value: func(c *Config) string { return c.Server.Address }},
		{Name: "server.host", Type: typeText, Example: `"example.org"`,
			Help:  "The domain of the server's own users. Without it: what domain is a part of, such as example.org of groups.example.org.",
			set:   text(func(c *Config, s string) error { return domain(s, &c.Server.Host) }),
			value: func(c *Config) string { return c.Server.Host }},
		{Name: "server.tls", Type: typeFlag, Default: "false", Example: "true",
			Help: "Whether the component port speaks TLS from the first byte. ejabberd can, Prosody cannot. The certificate has to name " +
				"the host in address or, where that is an IP address or localhost, the server's host.",
			set:   flag(func(c *Config, b bool) { c.Server.TLS = b }),
			value: func(c *Config) string { return quoteFlag(c.Server.TLS) }},
		{Name: "server.ca_file", Type: typeText, Example: `"ca.pem"`,
			Help:  "Whom to trust with tls: a PEM file of certificates. Without it: whom the system trusts.",
			set:   text(func(c *Config, s string) error { c.Server.CAFile = s; return nil }),
			value: func(c *Config) string { return c.Server.CAFile }},
		{Name: "server.secret_file", Type: typeText, Example: `"secret"`, Reload: true,
			Help:  "The file with the component's secret: one line, readable by the service's user only. It is read again before each attempt to attach.",
			set:   text(func(c *Config, s string) error { return c.secret.set("", s) }),
			value: func(c *Config) string { return c.secret.file }},
		{Name: "server.secret", Type: typeText, Example: `"…"`, Reload: true,
			Help:  "The component's secret itself, instead of secret_file. Whoever may read the configuration file then knows it.",
			set:   text(func(c *Config, s string) error { return c.secret.set(s, "") }),
			value: func(c *Config) string { return c.secret.inline.Reveal() }, secret: true},
	}
}

func storeKeys() []Key {
	return []Key{{Name: "store.url", Type: typeText, Default: `"sqlite:rollcall.db"`, Example: `"sqlite:/var/lib/rollcall/rollcall.db"`,
		Help:  "The database: sqlite: and a file. It is made, with mode 0600, if it is missing; its directory has to be writable by the service's user.",
		set:   text(func(c *Config, s string) error { return storeURL(s, &c.Store.URL) }),
		value: func(c *Config) string { return c.Store.URL }}}
}

func adminKeys() []Key {
	return []Key{
		{Name: "admin.jids", Type: typeList, Default: "[]", Example: `["admin@example.org"]`, Reload: true,
			Help:  "Who may create and administer every group. They see presence only as policies grant it, like anybody.",
			set:   list(func(c *Config, l []string) error { return addresses(l, &c.Admin.JIDs) }),
			value: func(c *Config) string { return strings.Join(c.Admin.JIDs, " ") }},
		{Name: "admin.creators", Type: typeList, Default: "[]", Example: `["example.org", "boss@example.net"]`, Reload: true,
			Help:  "Who else may create groups: addresses and domains. Empty: everybody of the server's own host.",
			set:   list(func(c *Config, l []string) error { return addresses(l, &c.Admin.Creators) }),
			value: func(c *Config) string { return strings.Join(c.Admin.Creators, " ") }},
		{Name: "admin.network", Type: typeList, Default: "[]", Example: `["watchdog@example.org", "example.org"]`, Reload: true,
			Help: "Who knows the network, and may say of users' devices that they are on, interrupted or off: bots, and servers by their domain, " +
				"which does not stand for its users. They see nothing by that.",
			set:   list(func(c *Config, l []string) error { return addresses(l, &c.Admin.Network) }),
			value: func(c *Config) string { return strings.Join(c.Admin.Network, " ") }},
		{Name: "admin.consent", Type: typeText, Default: `"ask"`, Example: `"inform"`,
			Help: "Of a member whom somebody else has added, where the server lets the component write its users' rosters: ask him, as any contact " +
				"would; or, where all have agreed elsewhere, such as in a company, inform him only, and share at once what the group shares by default.",
			set:   text(func(c *Config, s string) error { return oneOf(s, &c.Admin.Consent, "ask", Inform) }),
			value: func(c *Config) string { return c.Admin.Consent }},
		{Name: "admin.socket", Type: typeText, Default: `"rollcall.sock"`, Example: `"/run/rollcall/rollcall.sock"`,
			Help:  "Where the command line reaches the running service: a Unix socket of mode 0600. Whoever can open it may do everything.",
			set:   text(func(c *Config, s string) error { return file(s, &c.Admin.Socket) }),
			value: func(c *Config) string { return c.Admin.Socket }},
	}
}

func httpKeys() []Key {
	return []Key{{Name: "http.listen", Type: typeText, Default: `"127.0.0.1:8086"`, Example: `""`,
		Help:  `Host and port for metrics and health; "" switches them off. There is no password: keep it on a network of your own.`,
		set:   text(func(c *Config, s string) error { return listen(s, &c.HTTP.Listen) }),
		value: func(c *Config) string { return c.HTTP.Listen }}}
}

func logKeys() []Key {
	return []Key{
		{Name: "log.level", Type: typeText, Default: `"info"`, Example: `"debug"`, Reload: true,
			Help:  "The least important thing that is still logged: debug, info, warn or error. Nothing personal is logged above debug.",
			set:   text(func(c *Config, s string) error { return level(s, &c.Log.Level) }),
			value: func(c *Config) string { return levelName(c.Log.Level) }},
		{Name: "log.format", Type: typeText, Default: `"text"`, Example: `"json"`, Reload: true,
			Help:  "How a line is written: text (key=value) or json.",
			set:   text(func(c *Config, s string) error { return oneOf(s, &c.Log.Format, "text", "json") }),
			value: func(c *Config) string { return c.Log.Format }},
	}
}

func quoteFlag(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }
