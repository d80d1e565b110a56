package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/internal/lab/play"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// A group moves from one source to the next, and presence comes from somewhere
// else with each start: nothing is lost, and nobody is shown who may not be.
func TestMoves(t *testing.T) {
	for _, name := range labtest.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			opts := lab.Options{Components: []string{"presence.example.org", peerDomain}, Extra: privileged()[name]}
			if name == "prosody" {
				opts.Extra.Global += "\n" + `admins = { "zoe@example.org" }`
			}
			s := labtest.Start(t, name, opts)
			t.Run("groups", func(t *testing.T) { playGroupMoves(t, s, name != "fake") })
			t.Run("refused", func(t *testing.T) { playRefused(t, s) })
			if name != "fake" {
				performOn(t, s, "origin/moves-"+name, func(t *testing.T) play.Stage { return newMoving(t, s) })
			}
		})
	}
}

// moving is a pair whose service with groups has its presence from somewhere
// else from then on: `rollcall presence from server` and the like.
type moving struct{ *pair }

func newMoving(t *testing.T, server lab.Server) *moving {
	t.Helper()
	peer := newStageTuned(t, server, func(config string) string {
		return strings.Replace(config, "domain = \"groups.example.org\"", "domain = \"presence.example.org\"", 1) +
			"[[peers]]\naddress = \"groups.example.org\"\ngive = true\n"
	}, nil)
	return &moving{&pair{newStage(t, server), peer}}
}

func (m *moving) Rollcall(ctx context.Context, words ...string) (output string, status int, err error) {
	if len(words) != 3 || words[0] != "presence" || words[1] != "from" {
		return m.pair.Rollcall(ctx, words...)
	}
	table := "[presence]\nfrom = \"" + words[2] + "\"\n"
	if words[2] == "peer" {
		table = "[[peers]]\naddress = \"presence.example.org\"\ntake = [\"example.org\"]\n"
	}
	return "", exitDone, m.stage.reconfigure(ctx, table)
}

// reconfigure starts the service anew with other tables behind its
// configuration.
func (s *stage) reconfigure(ctx context.Context, tables string) error {
	return errors.Join(s.Stop(ctx), s.configure(tables), s.Start(ctx))
}

// configure writes them.
func (s *stage) configure(tables string) error {
	const mark = "# what follows changes\n"
	text, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), mark)
	return os.WriteFile(s.file, []byte(first+mark+tables), 0o600)
}

// words runs the command line, which has to do it.
func (s *stage) words(t *testing.T, words ...string) {
	t.Helper()
	if out, status, err := s.Rollcall(t.Context(), words...); err != nil || status != exitDone {
		t.Fatalf("rollcall %s: %d, %v\n%s", strings.Join(words, " "), status, err, out)
	}
}

// own ↔ file ↔ peer ↔ room.
func playGroupMoves(t *testing.T, s lab.Server, rooms bool) {
	ctx := t.Context()
	people := users(t, s, "fay", "gus", "hal")
	fay, gus := people["fay"], people["gus"]
	hr := newPeer(t, s)
	must(t, hr.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "club", Settings: roster.Settings{Title: "Club", Policy: trusting},
		Members: []roster.MemberRecord{person("fay", "Fay"), person("gus", "Augustus"), person("hal", "Hal")}}))
	us := newStage(t, s)
	must(t, us.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "club", Settings: roster.Settings{Title: "Club", Listed: true}, Members: []roster.MemberRecord{person("fay", "Fay"), person("gus", "Gus")}}))
	must(t, us.Settle(ctx))
	rules := policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: policy.Availability}}}
	group, err := us.roster().Group(ctx, "club")
	must(t, err)
	must(t, group.Authorize(ctx, fay.Bare(), &rules))
	subscribe := "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#presence' jid='" + gus.Bare() + "/desk'/></pubsub>"
	if _, err := gus.Query(ctx, "club@groups.example.org", "set", subscribe); err != nil {
		t.Fatal(err)
	}
	// What is the group's own stays, whoever keeps the list.
	stays := func(where string) {
		t.Helper()
		rec, err := us.roster().ShowGroup(ctx, "club")
		must(t, err)
		if len(rec.Subscriptions) != 1 || rec.Subscriptions[0].Owner != gus.Bare() || len(rec.Authorizations) != 1 || rec.Authorizations[0].Rules != rules.String() ||
			!rec.Settings.Listed || rec.Member(fay.Bare()).Ask != roster.Granted {
			t.Errorf("%s: %+v", where, rec)
		}
	}
	// Nobody is asked twice, and what fay does not show nobody is told.
	secret := fmt.Sprint("SECRET ", s.Host())
	news := func(show string) {
		t.Helper()
		must(t, fay.Send("<presence><show>"+show+"</show><status>"+secret+"</status></presence>"))
		must(t, us.Settle(ctx))
		must(t, gus.FenceVia(ctx, "club@groups.example.org"))
	}
	members := filepath.Join(filepath.Dir(us.file), "club.csv")
	must(t, os.WriteFile(members, []byte("group,jid,nick\nclub,fay@example.org,Fay\nclub,gus@example.org,Gusto\n"), 0o600))
	tables := "[[sources]]\nname = \"sheet\"\nkind = \"file\"\npath = \"club.csv\"\n" +
		"[[sources]]\nname = \"hr\"\nkind = \"peer\"\naddress = \"" + peerDomain + "\"\ngroups = [\"club\"]\n"
	if rooms {
		makeRoom(t, s, fay, "club", gus.Bare())
		tables += "[[sources]]\nname = \"rooms\"\nkind = \"muc\"\naddress = \"conference.example.org\"\ngroups = [\"club\"]\n"
	}
	must(t, us.reconfigure(ctx, tables))
	must(t, us.Settle(ctx))
	us.listed(t, "club", ` "Club": fay=Fay/member[] gus=Gus/member[]`)
	stays("own")
	keepers := map[string]string{"sheet": `sheet "": fay=Fay/member[] gus=Gusto/member[]`, "hr": `hr "Club": fay=Fay/member[] gus=Augustus/member[] hal=Hal/member[]`}
	order := []string{"sheet", "hr", "sheet"}
	if rooms {
		order = append(order, "rooms", "hr")
	}
	for i, name := range order {
		us.words(t, "group", "adopt", "club", name)
		if want, known := keepers[name]; known {
			becomes(t, "club", want, func() string { return strings.ReplaceAll(us.list("club"), "/owner", "/member") }) // rooms say who owns them
		} else {
			becomes(t, "club", "rooms with fay and gus", func() string {
				list := us.list("club")
				if strings.HasPrefix(list, `rooms "The Room":`) && strings.Contains(list, " fay=") && strings.Contains(list, " gus=") && !strings.Contains(list, " hal=") {
					return "rooms with fay and gus"
				}
				return list
			})
		}
		stays(name)
		news([]string{"away", "dnd"}[i%2])
		us.words(t, "group", "release", "club")
		stays("own after " + name)
	}
	discreetly(t, people, "club@groups.example.org", secret)
}

// discreetly: nobody was asked twice by a group, or told the secret.
func discreetly(t *testing.T, people map[string]*lab.Client, group, secret string) {
	t.Helper()
	for who, c := range people {
		asked := 0
		for _, x := range c.Received() {
			if x.Name == "presence" && x.Type == "subscribe" && x.From == group {
				asked++
			}
			if strings.Contains(x.Raw, secret) && x.From == group {
				t.Errorf("%s is told %s", who, x.Raw)
			}
		}
		if asked > 1 && who != "hal" { // who left and came is somebody new
			t.Errorf("%s was asked %d times", who, asked)
		}
	}
}

// Who is on a list that cannot be taken in hears nothing of it, whoever keeps it.
func playRefused(t *testing.T, s lab.Server) {
	ctx := t.Context()
	people := users(t, s, "ida", "jon")
	hr := newPeer(t, s)
	must(t, hr.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "taken", Settings: roster.Settings{Policy: trusting}, Members: []roster.MemberRecord{person("ida", "Ida"), person("jon", "Jon")}}))
	us := newStage(t, s)
	must(t, us.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "taken"}))
	must(t, us.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "busy"}))
	dir := filepath.Dir(us.file)
	must(t, os.WriteFile(filepath.Join(dir, "busy.csv"), []byte("group,jid\nbusy,ida@example.org\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "odd.csv"), []byte("group,jid\nodd,ida@example.org\nodd,no address\n"), 0o600))
	must(t, us.reconfigure(ctx, "[[sources]]\nname = \"hr\"\nkind = \"peer\"\naddress = \""+peerDomain+"\"\n"+
		"[[sources]]\nname = \"busy\"\nkind = \"file\"\npath = \"busy.csv\"\n[[sources]]\nname = \"odd\"\nkind = \"file\"\npath = \"odd.csv\"\n"))
	us.missed(t, "odd", "")
	becomes(t, "refused", "busy 1 hr 1 odd 0", func() string {
		us.mu.Lock()
		defer us.mu.Unlock()
		var all []string
		for _, x := range us.svc.Sources.Stats() {
			all = append(all, fmt.Sprint(x.Name, " ", x.Refused))
		}
		return strings.Join(all, " ")
	})
	must(t, us.Settle(ctx))
	for who, c := range people {
		must(t, c.FenceVia(ctx, "groups.example.org"))
		for _, x := range c.Received() {
			if strings.HasSuffix(x.From, "@groups.example.org") {
				t.Errorf("%s hears %s", who, x.Raw)
			}
		}
	}
}

// makeRoom makes a room that one user owns and another is in, and that trusts us.
func makeRoom(t *testing.T, s lab.Server, owner *lab.Client, name, member string) {
	t.Helper()
	room := name + "@conference.example.org"
	must(t, owner.Send("<presence to='"+room+"/owner'><x xmlns='http://jabber.org/protocol/muc'/></presence>"))
	if _, err := owner.Wait(t.Context(), func(x lab.Stanza) bool { return x.Name == "presence" && x.From == room+"/owner" }); err != nil {
		t.Fatal(err)
	}
	field := func(name, value string) string {
		return "<field var='muc#roomconfig_" + name + "'><value>" + value + "</value></field>"
	}
	affiliate := func(jid, affiliation string) string {
		return "<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='" + jid + "' affiliation='" + affiliation + "'/></query>"
	}
	for _, payload := range []string{
		"<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>" +
			field("roomname", "The Room") + field("publicroom", "1") + field("persistentroom", "1") + "</x></query>",
		affiliate(member, "member"),
		affiliate("groups.example.org", map[string]string{"prosody": "owner", "ejabberd": "admin"}[s.Name()]),
	} {
		if st, err := owner.Query(t.Context(), room, "set", payload); err != nil || st.Type != "result" {
			t.Fatal(err, st.Raw)
		}
	}
}
