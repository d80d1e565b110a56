package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/rollcall-xmpp/rollcall/internal/lab/browser"
)

//go:embed converse.html
var conversePage string

// converseFiles is where npm has put Converse, below the directory of -npm.
const converseFiles = "node_modules/converse.js/dist"

// dee is a person on Converse, in a browser. Anna has a group already.
type dee struct {
	*act
	*browser.Browser
	web  *http.Server
	at   string // address of the page
	anna other
	team string
}

func playConverse(ctx context.Context, a *act) (err error) {
	p := &dee{act: a, team: a.world.group("team")}
	defer func() { err = p.end(ctx, err) }()
	return p.play(ctx, []scene{
		{"start Chromium with Converse and log in", p.logIn},
		{"be invited, add the group as a contact instead of an answer", p.invited},
		{"see the status line change with Anna's presence", p.watch},
		{"ask who is there, by chat", p.ask},
		{"ask who is there, by command", p.command},
		{"set what others see of her by a form; Anna sees no more", p.setPolicy},
		{"leave the group by chat", p.leave},
	})
}

func (p *dee) logIn(ctx context.Context) (err error) {
	if p.anna, err = p.world.party(ctx); err != nil {
		return err
	}
	if err := p.serve(); err != nil {
		return err
	}
	if err := p.world.server.AddUser(ctx, "dee", password); err != nil {
		return err
	}
	dir := p.world.room("chromium")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if p.Browser, err = browser.Start(ctx, browser.Options{Dir: dir, Width: 1000, Height: 700}); err != nil {
		return err
	}
	login := url.Values{"jid": {p.world.jid("dee")}, "password": {password}, "ws": {p.world.web}}
	if err := p.Open(ctx, p.at+"?"+login.Encode()); err != nil {
		return err
	}
	return p.Until(ctx, "being online", "lab.online()")
}

// invited adds the contact when Converse proposes it: joining an invited group
// is that, too.
func (p *dee) invited(ctx context.Context) error {
	return inOrder(
		func() error { return p.anna.asks(ctx, p.team, "invite "+p.world.jid("dee"), "invited") },
		func() error { return p.presses(ctx, "a.open-chat", "The Team") },
		func() error { return p.sees(ctx, "converse-chat", "invites you to the group “The Team”") },
		func() error { return p.shoot(ctx, "converse-invited", true) },
		func() error { return p.presses(ctx, "converse-chat button", "Add") },
		func() error { return p.presses(ctx, "converse-add-contact-modal button[type=submit]", "Add") },
		func() error { return p.shows(ctx, "online", "2 of 2 available: Anna, dee") },
		func() error { return p.anna.hears(ctx, "presence", "2 of 2 available: Anna, dee") },
	)
}

func (p *dee) watch(ctx context.Context) error {
	return inOrder(
		func() error { return p.anna.Send("<presence type='unavailable'/>") },
		func() error { return p.shows(ctx, "online", "1 of 2 available: dee") },
		func() error { return p.anna.Send("<presence><show>dnd</show><status>On a call</status></presence>") },
		func() error { return p.shows(ctx, "online", "2 of 2 available: Anna, dee") },
	)
}

func (p *dee) ask(ctx context.Context) error {
	return inOrder(
		func() error {
			return p.Until(ctx, "the end of the notice", "!lab.find('.toast', '') && !lab.find('converse-add-contact-modal', '')")
		},
		func() error { return p.says(ctx, "who") },
		func() error { return p.sees(ctx, "converse-chat", "Anna: busy, On a call") },
		func() error { return p.shoot(ctx, "converse-chat", true) },
	)
}

// command finds the group's commands in Converse's settings.
func (p *dee) command(ctx context.Context) error {
	return inOrder(
		func() error { return p.presses(ctx, ".show-client-info", "") },
		func() error { return p.presses(ctx, "converse-user-settings-modal a", "Commands") },
		func() error { return p.writes(ctx, "converse-adhoc-commands input[name=jid]", p.team) },
		func() error { return p.presses(ctx, "converse-adhoc-commands input[type=submit]", "") },
		func() error { return p.presses(ctx, "converse-adhoc-commands a", "Who is there") },
		func() error { return p.sees(ctx, "converse-adhoc-commands", "The Team: 2 of 2 available") },
		func() error { return p.holds(ctx, "converse-adhoc-commands", "busy, On a call") },
		func() error { return p.shoot(ctx, "converse-commands", true) },
	)
}

func (p *dee) setPolicy(ctx context.Context) error {
	return inOrder(
		func() error { return p.presses(ctx, "converse-adhoc-commands a", "Who sees what of you") },
		func() error { return p.sees(ctx, "converse-adhoc-commands", "Who sees what of you in The Team") },
		func() error { return p.shoot(ctx, "converse-form", false) },
		func() error {
			return p.Eval(ctx, "document.querySelector('converse-adhoc-commands select[name=what]').value = 'nothing'", nil)
		},
		func() error { return p.presses(ctx, "converse-adhoc-commands input[value=Complete]", "") },
		func() error { return p.sees(ctx, "converse-adhoc-commands", "Completed") },
		func() error { return p.anna.hears(ctx, "presence", "<show>dnd</show><status>1 of 2 available: Anna") },
		func() error { return p.anna.asks(ctx, p.team, "who", "Not there: dee") },
		// Converse forgets the line with the end of the permission, and shows it nowhere.
		func() error { return p.shows(ctx, "dnd", "") },
		func() error { return p.presses(ctx, "converse-user-settings-modal .btn-secondary", "Close") },
		func() error {
			return p.Until(ctx, "the end of the settings", "!lab.find('converse-user-settings-modal', '')")
		},
	)
}

func (p *dee) leave(ctx context.Context) error {
	return inOrder(
		func() error { return p.says(ctx, "leave") },
		func() error { return p.sees(ctx, "converse-chat", "You have left The Team.") },
		func() error {
			return p.Until(ctx, "the end of the contact", fmt.Sprintf("!lab.contact(%s)", browser.Quote(p.team)))
		},
		func() error { return p.shoot(ctx, "converse-left", false) },
	)
}

// presses waits for something that can be clicked and says text, and clicks.
func (p *dee) presses(ctx context.Context, selector, text string) error {
	return p.Until(ctx, selector+" "+text, fmt.Sprintf("lab.press(%s, %s)", browser.Quote(selector), browser.Quote(text)))
}

// sees waits for a text to be seen within what selector finds.
func (p *dee) sees(ctx context.Context, selector, text string) error {
	err := p.Until(ctx, fmt.Sprintf("%q", text), fmt.Sprintf("lab.find(%s, %s)", browser.Quote(selector), browser.Quote(text)))
	if err != nil {
		var there string
		_ = p.Eval(context.WithoutCancel(ctx), fmt.Sprintf("lab.text(%s)", browser.Quote(selector)), &there)
		err = fmt.Errorf("%w; there is %q", err, there)
	}
	return err
}

// holds waits for a text in a field below selector.
func (p *dee) holds(ctx context.Context, selector, text string) error {
	return p.Until(ctx, fmt.Sprintf("%q", text), fmt.Sprintf("[...document.querySelectorAll(%s)].some((e) => e.value === %s)", browser.Quote(selector+" input"), browser.Quote(text)))
}

// shows waits for the show and the status line of the group.
func (p *dee) shows(ctx context.Context, show, line string) error {
	contact := fmt.Sprintf("lab.contact(%s)", browser.Quote(p.team))
	err := p.Until(ctx, line, fmt.Sprintf("((c) => c && c.show === %s && c.line === %s)(%s)", browser.Quote(show), browser.Quote(line), contact))
	if err != nil {
		var there map[string]any
		_ = p.Eval(context.WithoutCancel(ctx), contact, &there)
		err = fmt.Errorf("%w; it is %v", err, there)
	}
	return err
}

// writes puts text into a field, in place of what it holds.
func (p *dee) writes(ctx context.Context, field, text string) error {
	return inOrder(
		func() error { return p.Until(ctx, field, fmt.Sprintf("lab.focus(%s)", browser.Quote(field))) },
		func() error { return p.Type(ctx, text) },
		func() error {
			return p.Until(ctx, fmt.Sprintf("%q in %s", text, field), fmt.Sprintf("lab.find(%s, '').value === %s", browser.Quote(field), browser.Quote(text)))
		},
	)
}

// says writes a line in the open chat.
func (p *dee) says(ctx context.Context, line string) error {
	if err := p.writes(ctx, "textarea.chat-textarea", line); err != nil {
		return err
	}
	return p.Enter(ctx)
}

// serve has the page on a port of loopback.
func (p *dee) serve() error {
	files := filepath.Join(p.npm, converseFiles)
	if _, err := os.Stat(filepath.Join(files, "converse.min.js")); err != nil {
		return fmt.Errorf("find converse.js (npm install): %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/dist/", http.StripPrefix("/dist/", http.FileServer(http.Dir(files))))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, conversePage) })
	p.web = &http.Server{Handler: mux}
	go func() { _ = p.web.Serve(l) }() // ends with Close
	p.at = "http://" + l.Addr().String() + "/"
	return nil
}

func (p *dee) shoot(ctx context.Context, name string, shown bool) error {
	picture, err := still(ctx, p.Picture)
	if err != nil {
		return err
	}
	return p.gallery.hang(p.world.server.Name(), name, shown, picture)
}

// end leaves what is shown when something went wrong, and stops all.
func (p *dee) end(ctx context.Context, err error) error {
	if p.Browser != nil {
		if errors.Is(err, errStep) {
			_ = p.shoot(ctx, "FAILED-converse", false) // it may be gone already
		}
		err = errors.Join(err, p.Stop())
	}
	if p.web != nil {
		err = errors.Join(err, p.web.Close())
	}
	return err
}
