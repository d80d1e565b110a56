package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// Step is one thing to do.
type Step struct {
	Sign   string `json:"sign"` // + made, ~ changed, - removed
	Group  string `json:"group"`
	Member string `json:"member,omitempty"`
	Detail string `json:"detail,omitempty"` // such as title "A" → "B"

	// Do does it.
	Do func(context.Context, *admin.Client) error `json:"-"`
}

// String is the step on one line.
func (s Step) String() string {
	line := s.Sign + " group " + s.Group
	if s.Member != "" {
		line = "  " + s.Sign + " " + s.Member
	}
	if s.Detail != "" {
		line += "  " + s.Detail
	}
	return line
}

// Compare finds the steps from what group is now (nil = there is none) to what
// it should be.
func Compare(name string, now *admin.Group, want *Group) (steps []Step) {
	sign := "~"
	if now == nil {
		sign, now = "+", &admin.Group{Name: name, Payload: "both", Delivery: "immediate", Join: "invite", Aggregate: "any", Policy: defaultPolicy()}
	}
	change, detail := settings(now, want)
	switch {
	case sign == "+":
		steps = append(steps, Step{Sign: sign, Group: name, Detail: detail, Do: func(ctx context.Context, a *admin.Client) error {
			return a.CreateGroup(ctx, name, change)
		}})
	case detail != "":
		steps = append(steps, Step{Sign: sign, Group: name, Detail: detail, Do: func(ctx context.Context, a *admin.Client) error {
			return a.ChangeGroup(ctx, name, change)
		}})
	}
	if want.Members == nil {
		return steps
	}
	return append(steps, members(name, now.Members, want.Members)...)
}

// Prune is the step that deletes a group.
func Prune(name string) Step {
	return Step{Sign: "-", Group: name, Do: func(ctx context.Context, a *admin.Client) error { return a.DeleteGroup(ctx, name) }}
}

func settings(now *admin.Group, want *Group) (c admin.GroupChange, detail string) {
	var d details
	c.Title = d.text("title", now.Title, want.Title)
	c.Description = d.text("description", now.Description, want.Description)
	c.Language = d.text("language", now.Language, want.Language)
	c.Payload = d.text("payload", now.Payload, want.Payload)
	c.Delivery = d.text("delivery", now.Delivery, want.Delivery)
	c.Join = d.text("join", now.Join, want.Join)
	c.Aggregate = d.text("aggregate", now.Aggregate, want.Aggregate)
	c.Policy = d.lines("policy", now.Policy, want.Policy)
	c.Avatar = d.picture(now.Avatar, want)
	if want.Listed != nil && *want.Listed != now.Listed {
		c.Listed = want.Listed
		d.say("listed", fmt.Sprint(now.Listed), fmt.Sprint(*want.Listed))
	}
	c.Attributes = d.attributes(now.Attributes, want.Attributes)
	return c, d.String()
}

func members(group string, now []admin.Member, want map[string]*Member) (steps []Step) {
	there := make(map[string]*admin.Member, len(now))
	for i := range now {
		there[now[i].JID] = &now[i]
	}
	for _, m := range now { // first, so that there is room
		if want[m.JID] == nil {
			steps = append(steps, Step{Sign: "-", Group: group, Member: m.JID, Do: func(ctx context.Context, a *admin.Client) error {
				return a.RemoveMember(ctx, group, m.JID)
			}})
		}
	}
	for _, jid := range slices.Sorted(maps.Keys(want)) {
		old, sign := there[jid], "~"
		if old == nil {
			sign, old = "+", &admin.Member{Affiliation: "member"}
		}
		c, detail := member(old, want[jid])
		if sign == "~" && detail == "" {
			continue
		}
		steps = append(steps, Step{Sign: sign, Group: group, Member: jid, Detail: detail, Do: func(ctx context.Context, a *admin.Client) error {
			if sign == "+" {
				return a.AddMembers(ctx, group, admin.NewMember{JID: jid, MemberChange: c})
			}
			return a.ChangeMember(ctx, group, jid, c)
		}})
	}
	return steps
}

func member(now *admin.Member, want *Member) (c admin.MemberChange, detail string) {
	var d details
	c.Nick = d.text("nick", now.Nick, want.Nick)
	c.Affiliation = d.text("affiliation", now.Affiliation, want.Affiliation)
	if want.Roles != nil {
		roles := append([]string{}, slices.Compact(slices.Sorted(slices.Values(*want.Roles)))...) // null would be "as it is"
		if !slices.Equal(roles, now.Roles) {
			c.Roles = &roles
			d.say("roles", strings.Join(now.Roles, " "), strings.Join(roles, " "))
		}
	}
	c.Attributes = d.attributes(now.Attributes, want.Attributes)
	return c, d.String()
}

// details are the changes of one thing, for people.
type details []string

func (d *details) say(what, from, to string) {
	if from == "" {
		*d = append(*d, fmt.Sprintf("%s %q", what, to))
		return
	}
	*d = append(*d, fmt.Sprintf("%s %q → %q", what, from, to))
}

func (d *details) text(what, now string, want *string) *string {
	if want == nil || *want == now {
		return nil
	}
	d.say(what, now, *want)
	return want
}

// lines is text of several lines, of which those are said that differ.
func (d *details) lines(what, now string, want *string) *string {
	if want == nil || *want == now {
		return nil
	}
	before, after := strings.Split(strings.TrimSpace(now), "\n"), strings.Split(strings.TrimSpace(*want), "\n")
	for sign, both := range [2][2][]string{{before, after}, {after, before}} {
		for _, line := range both[0] {
			if !slices.Contains(both[1], line) {
				*d = append(*d, fmt.Sprintf("%s %c %q", what, "-+"[sign], line))
			}
		}
	}
	return want
}

// picture is the picture that want names, unless it is there.
func (d *details) picture(now string, want *Group) *[]byte {
	if want.picture == nil {
		return nil
	}
	hash := ""
	if len(*want.picture) > 0 {
		hash = avatar.Hash(*want.picture)
	}
	if hash == now {
		return nil
	}
	*d = append(*d, fmt.Sprintf("avatar %q", *want.Avatar))
	return want.picture
}

// defaultPolicy is that of a new group.
func defaultPolicy() string {
	p, err := policy.ParseGroup("")
	if err != nil {
		return ""
	}
	return p.String()
}

// attributes are the changes from now to want; want nil is as it is.
func (d *details) attributes(now, want map[string]string) map[string]*string {
	if want == nil {
		return nil
	}
	change := map[string]*string{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if value := want[name]; value != now[name] {
			change[name] = &value
			d.say(name, now[name], value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, keep := want[name]; !keep {
			change[name] = nil
			d.say(name, now[name], "")
		}
	}
	return change
}

func (d details) String() string { return strings.Join(d, ", ") }
