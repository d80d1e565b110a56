package roster

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// HookRecord is a webhook: somebody who is told of the group over HTTP. It is a
// watcher like any other, at an address of its own ([Roster.HookJID]), and sees
// what the group's policy and each member let that address see.
type HookRecord struct {
	Name   string // unique in the group, see [MaxHookName]
	URL    string // where it is told
	Secret string // what it is told is signed with this
	Format string // json, multipart
	By     string // bare JID of the admin who set it, "" = the command line
	Ended  string // why it is told nothing any more, "" = it is
}

// The formats of [HookRecord.Format].
const (
	HookJSON      = "json"
	HookMultipart = "multipart"
)

// The bounds of webhooks.
const (
	MaxHooks    = 8  // of a group
	MaxHookName = 32 // bytes: small letters, digits and hyphens
	maxHookURL  = 2048
)

// HookKeeper is who tells the webhooks. Its methods may be called with any lock
// held, and never block.
type HookKeeper interface {
	// Hooked says that the group's webhooks are others now, or what they may
	// see as a whole: see [Group.Hooks].
	Hooked(g *Group)
	// News says that there is something a webhook has not asked for yet.
	News(group, hook string)
}

// hook is a webhook of a group. Guarded by Group.mu, changed with edit held.
type hook struct {
	rec   HookRecord
	watch *Watch // nil: it may not watch, or has ended
}

var hookName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// hookPrefix is what the localparts of webhooks begin with, and no group's.
const hookPrefix = "hook+"

// HookJID is the address of a group's webhook: below the service's own domain,
// where no server lets anybody else speak.
func (r *Roster) HookJID(group, name string) string {
	return hookPrefix + name + "+" + group + "@" + r.domain
}

// ParseHookJID is the inverse of [Roster.HookJID].
func (r *Roster) ParseHookJID(jid string) (group, name string, ok bool) {
	local, domain, _ := strings.Cut(jid, "@")
	rest, ok := strings.CutPrefix(local, hookPrefix)
	if !ok || domain != r.domain {
		return "", "", false
	}
	name, group, ok = strings.Cut(rest, "+")
	return group, name, ok && hookName.MatchString(name)
}

func (h *HookRecord) validate() error {
	if len(h.Name) > MaxHookName || !hookName.MatchString(h.Name) {
		return invalid("webhook", "%q is no name: small letters, digits and hyphens, at most %d", h.Name, MaxHookName)
	}
	if h.Format != HookJSON && h.Format != HookMultipart {
		return invalid("format", "%q is neither %s nor %s", h.Format, HookJSON, HookMultipart)
	}
	if h.Secret == "" || len(h.Secret) > MaxText {
		return invalid("secret", "is missing or too long")
	}
	if err := text("webhook", h.Ended, MaxText); err != nil {
		return err
	}
	u, err := url.Parse(h.URL)
	switch {
	case len(h.URL) > maxHookURL:
		return invalid("url", "is longer than %d bytes", maxHookURL)
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return invalid("url", "is no address on the web")
	case u.Scheme != "https" && u.Scheme != "http":
		return invalid("url", "must begin with https:")
	case u.User != nil:
		return invalid("url", "must name no user: what is sent is signed instead")
	case u.Fragment != "":
		return invalid("url", "must have no #")
	}
	return nil
}

func (rec *GroupRecord) validateHooks() error {
	seen := map[string]bool{}
	for i := range rec.Hooks {
		h := &rec.Hooks[i]
		if err := h.validate(); err != nil {
			return err
		}
		if seen[h.Name] {
			return invalid("webhook", "%s is named twice", h.Name)
		}
		seen[h.Name] = true
	}
	if len(seen) > MaxHooks {
		return invalid("webhook", "a group has at most %d", MaxHooks)
	}
	return nil
}

// Where is the scheme and host of the URL: its path may be a secret.
func (h *HookRecord) Where() string {
	u, err := url.Parse(h.URL)
	if err != nil {
		return "?"
	}
	return u.Scheme + "://" + u.Host
}

// Hooks lists, for an admin, the webhooks by name. ErrForbidden, ErrNoGroup.
func (g *Group) Hooks(actor string) ([]HookRecord, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.may(actor, Admin); err != nil {
		return nil, err
	}
	return g.hookRecords(), nil
}

func (g *Group) hookRecords() []HookRecord {
	var all []HookRecord
	for _, h := range g.hooks {
		all = append(all, h.rec)
	}
	slices.SortFunc(all, func(a, b HookRecord) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// SetHook makes a webhook for an admin, or replaces the one of that name, and
// adds its address to those who may watch: what it sees is then for each member
// to say. ErrForbidden, InvalidError, ErrLimit, ErrNoGroup.
func (g *Group) SetHook(ctx context.Context, actor string, rec HookRecord) error {
	rec.By = actor
	if err := rec.validate(); err != nil {
		return err
	}
	g.edit.Lock()
	defer g.edit.Unlock()
	err := g.ruling(func() error {
		if err := g.may(actor, Admin); err != nil {
			return err
		}
		if g.hooks[rec.Name] == nil && len(g.hooks) >= MaxHooks {
			return fmt.Errorf("%w: %d webhooks of one group", ErrLimit, MaxHooks)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := g.roster.store.StoreHook(ctx, g.name, rec); err != nil {
		return err
	}
	err = g.admitHook(ctx, rec.Name, true)
	g.keepHook(rec) // it is stored in any case
	return err
}

// RemoveHook ends a webhook for an admin, and takes its address from those who
// may watch. ErrForbidden, ErrNoHook, ErrNoGroup.
func (g *Group) RemoveHook(ctx context.Context, actor, name string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	err := g.ruling(func() error {
		if err := g.may(actor, Admin); err != nil {
			return err
		}
		if g.hooks[name] == nil {
			return ErrNoHook
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := g.roster.store.DeleteHook(ctx, g.name, name); err != nil {
		return err
	}
	g.mu.Lock()
	g.unhook(g.hooks[name])
	delete(g.hooks, name)
	g.mu.Unlock()
	g.roster.hooked(g)
	return g.admitHook(ctx, name, false)
}

// EndHook is a webhook's own wish to be told nothing any more, or that of who
// tells it; why is for the admins. ErrNoHook, also if it has been replaced.
func (g *Group) EndHook(ctx context.Context, was HookRecord, why string) error {
	g.edit.Lock()
	defer g.edit.Unlock()
	g.mu.Lock()
	h := g.hooks[was.Name]
	g.mu.Unlock()
	if h == nil || h.rec.Secret != was.Secret || h.rec.URL != was.URL {
		return ErrNoHook
	}
	rec := h.rec
	rec.Ended = why
	if err := g.roster.store.StoreHook(ctx, g.name, rec); err != nil {
		return err
	}
	g.keepHook(rec)
	return nil
}

// disown takes jid's name from the webhooks that he set; edit is held.
func (g *Group) disown(ctx context.Context, jid string) error {
	g.mu.Lock()
	all := g.hookRecords()
	g.mu.Unlock()
	for _, rec := range all {
		if rec.By != jid {
			continue
		}
		rec.By = ""
		if err := g.roster.store.StoreHook(ctx, g.name, rec); err != nil {
			return err
		}
		g.keepHook(rec)
	}
	return nil
}

// keepHook puts a webhook that is stored in force; edit is held.
func (g *Group) keepHook(rec HookRecord) {
	g.mu.Lock()
	g.unhook(g.hooks[rec.Name])
	put(&g.hooks, rec.Name, &hook{rec: rec})
	g.rehook()
	g.signal()
	g.mu.Unlock()
	g.roster.hooked(g)
}

// admitHook puts a webhook's address among those who may watch, or takes it
// away; edit is held.
func (g *Group) admitHook(ctx context.Context, name string, admit bool) error {
	his := policy.Who{Class: policy.JID, Name: g.roster.HookJID(g.name, name)}
	g.mu.Lock()
	p := g.policy
	p.Watch = slices.DeleteFunc(slices.Clone(p.Watch), func(w policy.Who) bool { return w == his })
	if who := g.watcher(his.Name); admit && !p.Watches(&who) {
		p.Watch = append(p.Watch, his)
	}
	same := len(p.Watch) == len(g.policy.Watch) || len(p.Watch) == 0
	g.mu.Unlock()
	if same {
		return nil
	}
	return g.change(ctx, func(s *Settings) error {
		s.Policy = p.String()
		return nil
	})
}

// rehook lets every webhook watch that may and does not yet.
func (g *Group) rehook() {
	for _, name := range g.hookNames() {
		h := g.hooks[name]
		jid := g.roster.HookJID(g.name, name)
		node := g.settings.Payload.fullest()
		if h.watch != nil && h.watch.node != node {
			g.unhook(h)
		}
		if who := g.watcher(jid); h.watch != nil || h.rec.Ended != "" || g.mayWatch(&who) != nil {
			continue
		}
		rec := SubscriptionRecord{ID: "hook/" + name, Node: node.String(), JID: jid, Owner: jid}
		h.watch = g.addWatch(rec, node, policy.Receiving{})
		h.watch.hook = name
	}
}

func (g *Group) hookNames() []string {
	var names []string
	for name := range g.hooks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// unhook ends the watch of a webhook, if it has one.
func (g *Group) unhook(h *hook) {
	if h != nil && h.watch != nil {
		g.dropWatch(h.watch)
		h.watch = nil
	}
}

// fullest is the node that shows the most of those that exist under p.
func (p Payload) fullest() Node {
	if p.Has(NodeGroup) {
		return NodeGroup
	}
	return NodePresence
}

// HookNode is the node that the group's webhooks watch.
func (g *Group) HookNode() Node {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.settings.Payload.fullest()
}

// rouse is what a webhook's watch has instead of being told: the word that it
// may ask. What it is told is rendered when its receiver is ready to take it.
func (a *audience) rouse(c *cohort, w *Watch) {
	news := c.walk.speaks()
	if w.own != nil {
		entries, to := a.ownEntries(c.walk, w.own)
		news = c.walk.since == 0 || speak(entries)
		w.own.seen = to
		w.prune()
	}
	if news {
		a.g.roster.news(a.g.name, w.hook)
	}
}

func (r *Roster) news(group, hook string) {
	if r.hooks != nil {
		r.hooks.News(group, hook)
	}
}

// hooked tells who keeps the webhooks that g's have changed.
func (r *Roster) hooked(g *Group) {
	if r.hooks != nil {
		r.hooks.Hooked(g)
	}
}
