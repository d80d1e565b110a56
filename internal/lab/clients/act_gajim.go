package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab/gajim"
)

// The windows of Gajim that Anna sees.
const (
	mainWindow     = "MainWindow"
	commandWindow  = "AdHocCommands"
	contactWindow  = "AddContact"
	discoWindow    = "Browsing example.org"
	tooltipWindow  = "GtkTooltipWindow"
	detailsWindow  = "ContactInfo"
	fieldAddress   = "Address (one word, before @groups.example.org)"
	fieldOwnName   = "Your name in the group (none: as in your address)"
	lineBoth       = "2 of 2 available: Anna, Bo"
	commandsAction = "Execute"
)

// anna is a person on Gajim; Bo is the other one, on a client of the
// laboratory.
type anna struct {
	*act
	*gajim.Client
	bo   other
	team string // the group that she makes
	ops  string // the group that she is invited to
}

func playGajim(ctx context.Context, a *act) (err error) {
	p := &anna{act: a, team: a.world.group("team"), ops: a.world.group("ops")}
	defer func() {
		if p.Client == nil {
			return
		}
		if errors.Is(err, errStep) {
			p.lastLook(ctx)
		}
		err = errors.Join(err, p.Stop())
	}()
	return p.play(ctx, []scene{
		{"start Gajim and log in", p.logIn},
		{"find the service among the server's", p.findService},
		{"create a group by command", p.create},
		{"let it see her status, add it as a contact", p.accept},
		{"see Bo come in, who only added the group as a contact", p.boJoins},
		{"read the status line where Gajim shows it", p.tooltip},
		{"read the group's card", p.card},
		{"see the status line change with Bo's presence", p.watch},
		{"ask who is there, by command", p.whoByCommand},
		{"set what others see of her; Bo sees no more than that", p.setPolicy},
		{"ask who is there and for help, by chat", p.chatWithGroup},
		{"read what Bo tells those who are there", p.told},
		{"have each member at the contact, for the asking", p.members},
		{"be invited to another group and say yes", p.sayYes},
		{"leave the group by command", p.leave},
	})
}

func (p *anna) logIn(ctx context.Context) error {
	if err := p.world.server.AddUser(ctx, "anna", password); err != nil {
		return err
	}
	dir := p.world.room("gajim")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var err error
	if p.bo, err = p.world.person(ctx, "bo"); err != nil {
		return err
	}
	p.Client, err = gajim.Start(ctx, gajim.Options{
		Dir: dir, JID: p.world.jid("anna"), Password: password, Addr: p.world.server.C2SAddr(), Title: "Anna", Time: "9:41",
	})
	return err
}

// findService takes the way of the account's menu: Discover Services.
func (p *anna) findService(ctx context.Context) error {
	return inOrder(
		func() error { return p.Do(ctx, "services") },
		func() error { return p.sees(ctx, discoWindow, "Group presence") },
		func() error { return p.Do(ctx, "pick", discoWindow, "Group presence") },
		func() error { return p.waitsFor(ctx, discoWindow, "Scanning") },
		func() error { return p.shoot(ctx, discoWindow, "gajim-services", true) },
		func() error { return p.presses(ctx, discoWindow, "Command") },
		func() error { return p.sees(ctx, commandWindow, "Create a group") },
		func() error { return p.Do(ctx, "close", discoWindow) },
	)
}

func (p *anna) create(ctx context.Context) error {
	return inOrder(
		func() error { return p.chooses(ctx, "Create a group", "Description") },
		func() error { return p.Do(ctx, "fill", commandWindow, fieldAddress, "team") },
		func() error { return p.Do(ctx, "fill", commandWindow, "Name", "The Team") },
		func() error { return p.Do(ctx, "fill", commandWindow, "Description", "Answers until six.") },
		func() error { return p.Do(ctx, "fill", commandWindow, "Who may join", "who wants to") },
		func() error { return p.Do(ctx, "fill", commandWindow, "Strangers may know of the group", true) },
		func() error { return p.Do(ctx, "fill", commandWindow, fieldOwnName, "Anna") },
		func() error { return p.Do(ctx, "resize", commandWindow, 600, 560) },
		func() error { return p.shoot(ctx, commandWindow, "gajim-create", true) },
		func() error { return p.presses(ctx, commandWindow, "Complete") },
		func() error { return p.sees(ctx, commandWindow, p.team) },
		func() error { return p.shoot(ctx, commandWindow, "gajim-created", false) },
		func() error { return p.Do(ctx, "close", commandWindow) },
	)
}

// accept says yes to the group's request. Gajim then offers to add the contact.
func (p *anna) accept(ctx context.Context) error {
	return inOrder(
		func() error { return p.Do(ctx, "account_page") },
		func() error { return p.sees(ctx, mainWindow, "The Team ("+p.team+")") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-request", true) },
		func() error { return p.presses(ctx, mainWindow, "Accept") },
		func() error { return p.presses(ctx, contactWindow, "Next") },
		func() error { return p.sees(ctx, contactWindow, "Share Status") },
		func() error { return p.shoot(ctx, contactWindow, "gajim-add", false) },
		func() error { return p.presses(ctx, contactWindow, "Add Contact") },
		func() error { return p.shows(ctx, p.team, "online", "1 of 1 available: Anna") },
		func() error {
			return p.until(ctx, "the contact's name and subscription", p.team, func(c *contact) bool {
				return c.Name == "The Team" && c.Listed && c.Subscription == "both"
			})
		},
	)
}

func (p *anna) boJoins(ctx context.Context) error {
	return inOrder(
		func() error { return p.bo.Send("<presence type='subscribe' to='" + p.team + "'/>") },
		func() error { return p.bo.hears(ctx, "presence", "1 of 2 available: Anna", "2 of 2") },
		func() error { return p.bo.asks(ctx, p.team, "nick Bo", "you are called Bo") },
		func() error { return p.shows(ctx, p.team, "online", lineBoth) },
		func() error { return p.Do(ctx, "account_page") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-list", false) },
	)
}

// tooltip rests on the contact: there Gajim shows what a group says.
func (p *anna) tooltip(ctx context.Context) error {
	return inOrder(
		func() error { return p.Do(ctx, "hover", p.team) },
		func() error { return p.sees(ctx, tooltipWindow, lineBoth) },
		func() error { return p.shoot(ctx, mainWindow, "gajim-tooltip", true) },
		func() error { return p.Do(ctx, "away") },
	)
}

func (p *anna) card(ctx context.Context) error {
	return inOrder(
		func() error { return p.Do(ctx, "details", p.team) },
		func() error { return p.sees(ctx, detailsWindow, "Answers until six.") },
		func() error { return p.shoot(ctx, detailsWindow, "gajim-details", false) },
		func() error { return p.Do(ctx, "close", detailsWindow) },
	)
}

func (p *anna) watch(ctx context.Context) error {
	return inOrder(
		func() error { return p.bo.Send("<presence type='unavailable'/>") },
		func() error { return p.shows(ctx, p.team, "online", "1 of 2 available: Anna") },
		func() error { return p.bo.Send("<presence><show>dnd</show><status>On a call</status></presence>") },
		func() error { return p.shows(ctx, p.team, "online", lineBoth) },
		func() error { return p.Do(ctx, "status", "away", "At lunch") },
		func() error { return p.shows(ctx, p.team, "dnd", lineBoth) },
		func() error { return p.Do(ctx, "account_page") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-busy", false) },
	)
}

func (p *anna) whoByCommand(ctx context.Context) error {
	return inOrder(
		func() error { return p.opensCommands(ctx) },
		func() error { return p.Do(ctx, "resize", commandWindow, 600, 580) },
		func() error { return p.shoot(ctx, commandWindow, "gajim-commands", true) },
		func() error { return p.chooses(ctx, "Who is there", "busy, On a call") },
		func() error { return p.sees(ctx, commandWindow, "away, At lunch") },
		func() error { return p.shoot(ctx, commandWindow, "gajim-who", false) },
		func() error { return p.Do(ctx, "close", commandWindow) },
	)
}

// setPolicy lets Bo see how she is, and then only that she is there.
func (p *anna) setPolicy(ctx context.Context) error {
	return inOrder(
		func() error { return p.bo.asks(ctx, p.team, "who", "Anna: away, At lunch") },
		func() error { return p.opensCommands(ctx) },
		func() error { return p.chooses(ctx, "Who sees what of you", "Members see") },
		func() error { return p.Do(ctx, "fill", commandWindow, "Members see", "Only whether I am available") },
		func() error { return p.Do(ctx, "resize", commandWindow, 600, 640) },
		func() error { return p.shoot(ctx, commandWindow, "gajim-privacy", true) },
		func() error { return p.presses(ctx, commandWindow, "Complete") },
		func() error { return p.sees(ctx, commandWindow, "Commands") },
		func() error { return p.shoot(ctx, commandWindow, "gajim-privacy-done", false) },
		func() error { return p.Do(ctx, "close", commandWindow) },
		func() error { return p.bo.asks(ctx, p.team, "who", "Anna: available") },
	)
}

func (p *anna) chatWithGroup(ctx context.Context) error {
	return inOrder(
		func() error { return p.Do(ctx, "chat", p.team) },
		func() error { return p.says(ctx, "who", "Bo: busy, On a call") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-chat", true) },
		func() error { return p.says(ctx, "help", "who: who is there") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-help", false) },
		func() error { return p.says(ctx, "share nothin", "share") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-mistake", false) },
	)
}

func (p *anna) told(ctx context.Context) error {
	return inOrder(
		func() error { return p.bo.asks(ctx, p.team, "tell Lunch at 12?", "1") },
		func() error { return p.reads(ctx, "Lunch at 12?") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-told", false) },
	)
}

// members has Gajim's tip list who is there, instead of one line.
func (p *anna) members(ctx context.Context) error {
	return inOrder(
		func() error { return p.says(ctx, "receive each", "each member") },
		func() error {
			return p.until(ctx, "a line for each member", p.team, func(c *contact) bool {
				return slices.ContainsFunc(c.Resources, func(r resource) bool {
					return r.Name == p.world.jid("bo") && r.Show == "dnd" && r.Status == "Bo: On a call"
				})
			})
		},
		func() error { return p.Do(ctx, "resize", mainWindow, 900, 560) },
		func() error { return p.Do(ctx, "hover", p.team) },
		func() error { return p.sees(ctx, tooltipWindow, "Bo: On a call") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-members", true) },
		func() error { return p.Do(ctx, "away") },
		func() error { return p.Do(ctx, "resize", mainWindow, 900, 500) },
		func() error { return p.Do(ctx, "chat", p.team) },
		func() error { return p.says(ctx, "receive one", "What you receive") },
		func() error { return p.shows(ctx, p.team, "online", lineBoth) },
	)
}

// sayYes answers an invitation of Bo's to a group of his.
func (p *anna) sayYes(ctx context.Context) error {
	return inOrder(
		func() error { return p.bo.asks(ctx, p.world.server.ComponentDomain(), "create ops Operations", p.ops) },
		func() error { return p.bo.asks(ctx, p.ops, "invite "+p.world.jid("anna"), "invited") },
		func() error { return p.Do(ctx, "chat", p.ops) },
		func() error { return p.reads(ctx, "invites you to the group “Operations”") },
		func() error { return p.says(ctx, "yes", "You are a member of Operations now") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-invited", true) },
		func() error { return p.listed(ctx, "ops", true) },
	)
}

func (p *anna) leave(ctx context.Context) error {
	return inOrder(
		func() error { return p.opensCommands(ctx) },
		func() error { return p.chooses(ctx, "Leave the group", "Complete") },
		func() error { return p.shoot(ctx, commandWindow, "gajim-leave", false) },
		func() error { return p.presses(ctx, commandWindow, "Complete") },
		func() error { return p.sees(ctx, commandWindow, "You have left The Team.") },
		func() error { return p.Do(ctx, "close", commandWindow) },
		func() error { return p.listed(ctx, "team", false) },
		func() error {
			return p.until(ctx, "the end of the subscription", p.team, func(c *contact) bool {
				return c.Subscription == "none" && c.Show == "offline"
			})
		},
		func() error { return p.Do(ctx, "account_page") },
		func() error { return p.shoot(ctx, mainWindow, "gajim-left", false) },
	)
}

// lastLook takes pictures of what went wrong.
func (p *anna) lastLook(ctx context.Context) {
	var open []string
	if err := p.Ask(ctx, &open, "windows"); err != nil {
		return
	}
	for _, window := range open {
		_ = p.shoot(ctx, window, "FAILED-"+window, false) // it may be gone already
	}
}

// listed says whether a group has her as a member, by its admin.
func (p *anna) listed(ctx context.Context, group string, wanted bool) error {
	said, err := p.world.rollcall(ctx, "member", "list", group)
	if err == nil && slices.ContainsFunc(strings.Fields(said), func(s string) bool { return s == p.world.jid("anna") }) != wanted {
		err = fmt.Errorf("members of %s are:\n%s", group, said)
	}
	return err
}

// picture is one look at a window.
func (p *anna) shoot(ctx context.Context, window, name string, shown bool) error {
	file := filepath.Join(p.world.room("gajim"), "picture.png")
	picture, err := still(ctx, func(ctx context.Context) ([]byte, error) {
		if err := p.Do(ctx, "picture", window, file); err != nil {
			return nil, err
		}
		return os.ReadFile(file)
	})
	if err != nil {
		return err
	}
	return p.gallery.hang(p.world.server.Name(), name, shown, picture)
}
