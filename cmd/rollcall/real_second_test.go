package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/internal/lab/play"
)

const pubsubDomain = "pubsub.example.org"

// An arm of the presence server (manner 2): groups from a group server that is
// no Rollcall, presence from the server, and out by the server's own PubSub.
func TestSecondManner(t *testing.T) {
	for name, from := range map[string]string{"prosody": "server", "ejabberd": "both"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := lab.Install(t.Context(), t.Output(), "python3-slixmpp"); err != nil {
				t.Fatal(err)
			}
			server := labtest.Start(t, name, lab.Options{Components: []string{peerDomain}, Extra: armOf(name)})
			performOn(t, server, "manners/second", func(t *testing.T) play.Stage { return newArm(t, server, from) })
		})
	}
}

// armOf are the lines that let groups.example.org hear of a server's users, and
// make nodes.
func armOf(server string) lab.Extra {
	if server == "prosody" {
		return lab.Extra{
			Host:      "privileged_entities = { [\"groups.example.org\"] = { presence = \"managed_entity\" } }\n\tmodules_enabled = { \"privilege\" }",
			Component: "modules_enabled = { \"privilege\" }\nComponent \"" + pubsubDomain + "\" \"pubsub\"\n\tadmins = { \"groups.example.org\" }",
		}
	}
	return lab.Extra{
		ACL: "  rollcall:\n    server: \"groups.example.org\"", Rules: "  rollcall:\n    allow: rollcall\n  nodes:\n    - allow: rollcall\n    - allow: local",
		Modules: "  mod_privilege:\n    presence:\n      managed_entity: rollcall\n  mod_pubsub:\n    host: \"" + pubsubDomain +
			"\"\n    access_createnode: nodes\n    plugins: [\"flat\", \"pep\"]",
	}
}

// arm is a stage whose groups the peer keeps: what a play says of the one group
// and its members, the peer is told.
type arm struct {
	*stage
	peer *python // nil: it does not run
	said struct {
		Group   string            `json:"group"`
		Name    string            `json:"name"`
		Members map[string]string `json:"members"`
	}
}

func newArm(t *testing.T, server lab.Server, from string) *arm {
	t.Helper()
	a := &arm{peer: newPython(t, server)}
	a.stage = newStageWith(t, server, func(config string) string {
		return config + "[[sources]]\nname = \"hr\"\nkind = \"peer\"\naddress = \"" + peerDomain + "\"\n[presence]\nfrom = \"" + from +
			"\"\n[delivery]\nto = \"pubsub\"\npubsub = \"" + pubsubDomain + "\"\n"
	})
	a.said.Members = map[string]string{}
	return a
}

// Rollcall does what is about the list at the peer.
func (a *arm) Rollcall(ctx context.Context, words ...string) (string, int, error) {
	switch w := append(slices.Clone(words), "", "", "", ""); {
	case w[0] == "peer" && w[1] == "kill":
		a.peer.kill()
		a.peer = nil
		a.missed(a.t, "hr", "")
	case w[0] == "peer" && w[1] == "start":
		a.peer = newPython(a.t, a.server)
		a.tell()
		a.found(a.t, "hr", a.said.Group)
	case w[0] == "group" && w[1] == "create":
		a.said.Group, a.said.Name = w[2], w[4]
		a.tell()
	case w[0] == "member" && w[1] == "remove":
		delete(a.said.Members, w[3])
		a.tell()
	case w[0] == "member" && (w[1] == "add" || w[1] == "set") && w[4] == "--nick":
		a.said.Members[w[3]] = w[5]
		a.tell()
	default:
		return a.stage.Rollcall(ctx, words...)
	}
	return "", exitDone, nil
}

// tell lets the peer say how the list is, and waits until it has come.
func (a *arm) tell() {
	a.t.Helper()
	if a.peer == nil {
		return
	}
	text, err := json.Marshal(&a.said)
	must(a.t, err)
	a.peer.becomes(string(text))
	want := fmt.Sprintf("hr %q:", a.said.Name)
	for _, jid := range slices.Sorted(maps.Keys(a.said.Members)) {
		local, _, _ := strings.Cut(jid, "@")
		want += fmt.Sprintf(" %s=%s/member[]", local, a.said.Members[jid])
	}
	a.listed(a.t, a.said.Group, want)
}
