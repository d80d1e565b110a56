package demo

import (
	"embed"
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

//go:embed manners
var texts embed.FS

// manner is which services stand where (docs/manners.md, which has the same
// configurations).
type manner struct {
	sentence string
	posts    []post               // who keeps the group first, whom people watch last
	extra    map[string]lab.Extra // lines of the server's configuration, by its name
	after    [][]string           // what the admin says of a new group, without its name
	combined bool                 // devices are not told apart
	through  string               // the server's PubSub service, if that publishes
}

// shown is what the group server's admin says of a group that groups.example.org
// may read, and whose presence is another's.
var shown = [][]string{{"policy", "set", "group", "watch domain:groups.example.org", "basic anyone", "collect nothing"}}

// tells are a server's lines that let domain hear of its users (XEP-0356).
func tells(domain string) map[string]lab.Extra {
	enabled := `modules_enabled = { "privilege" }`
	return map[string]lab.Extra{
		"prosody": {
			Host:      fmt.Sprintf("privileged_entities = { [%q] = { presence = \"managed_entity\" } }\n\t%s", domain, enabled),
			Component: enabled, Components: enabled,
		},
		"ejabberd": {
			ACL: fmt.Sprintf("  rollcall:\n    server: %q", domain), Rules: "  rollcall:\n    allow: rollcall",
			Modules: "  mod_privilege:\n    presence:\n      managed_entity: rollcall",
		},
	}
}

// topics is the server's own PubSub service.
const topics = "pubsub.example.org"

// publishes adds the lines that let domain make nodes there.
func publishes(extra map[string]lab.Extra, domain string) map[string]lab.Extra {
	p, e := extra["prosody"], extra["ejabberd"]
	p.Component += fmt.Sprintf("\nComponent %q \"pubsub\"\n\tadmins = { %q }\n", topics, domain)
	e.Rules += "\n  nodes:\n    - allow: rollcall\n    - allow: local"
	e.Modules += fmt.Sprintf("\n  mod_pubsub:\n    host: %q\n    access_createnode: nodes\n    plugins: [\"flat\", \"pep\"]", topics)
	extra["prosody"], extra["ejabberd"] = p, e
	return extra
}

// post is where one service stands.
type post struct{ name, domain, text string }

// manners are those of the demo, by number.
func manners() map[int]*manner {
	return map[int]*manner{
		1: {sentence: "the real rollcall", posts: []post{at(1, "groups")}},
		2: {sentence: "a group server, and rollcall as an arm of the presence server", posts: []post{at(2, "hr"), at(2, "groups")},
			after: shown, extra: publishes(tells("groups.example.org"), "groups.example.org"), through: topics},
		3: {sentence: "a group server, a presence server, and rollcall between them", posts: []post{at(3, "hr"), at(3, "presence"), at(3, "groups")},
			after: shown, extra: tells("presence.example.org"), combined: true},
	}
}

func at(number int, name string) post {
	text, err := texts.ReadFile(fmt.Sprintf("manners/%d-%s.toml", number, name))
	if err != nil {
		return post{} // a test reads them all
	}
	return post{name: name, domain: name + ".example.org", text: string(text)}
}

// configured is the configuration with the server's real address, and with what
// that server can do: ejabberd does not tell of all its users, there they are
// asked. No port of ours may be taken by another demo, so there is no HTTP
// listener.
func (p *post) configured(server lab.Server) string {
	text := strings.Replace(p.text, standardAddress, server.ComponentAddr(), 1)
	if server.Name() != "prosody" {
		text = strings.Replace(text, `from = "server"`, `from = "both"`, 1)
	}
	return text + "\n[http]\nlisten = \"\"\n"
}

// asks says whether members have to say yes to a request.
func (m *manner) asks(server lab.Server) bool { return m.extra == nil || server.Name() != "prosody" }

const standardAddress = "127.0.0.1:5347"

// others are the domains of the services beside the one that is watched.
func (m *manner) others() (domains []string) {
	for _, p := range m.posts[:len(m.posts)-1] {
		domains = append(domains, p.domain)
	}
	return domains
}
