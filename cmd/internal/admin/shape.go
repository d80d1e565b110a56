package admin

import (
	"cmp"
	"slices"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Group is a group as JSON. Lists are sorted, and empty rather than null.
type Group struct {
	Name          string            `json:"name"`             // localpart of its address
	Source        string            `json:"source,omitempty"` // who keeps the group; "" = this service
	Lost          *Lost             `json:"lost,omitempty"`
	Title         string            `json:"title"`
	Description   string            `json:"description"`
	Language      string            `json:"language"`
	Attributes    map[string]string `json:"attributes"`
	Listed        bool              `json:"listed"`
	Payload       string            `json:"payload"`  // both, presence, separate, combined
	Delivery      string            `json:"delivery"` // immediate, or milliseconds
	Join          string            `json:"join"`     // invite, approve, open
	Aggregate     string            `json:"aggregate"`
	Avatar        string            `json:"avatar"` // SHA-1 of its picture, in hexadecimal; "" = the generated one
	Policy        string            `json:"policy"` // the group policy's text form
	Members       []Member          `json:"members"`
	Subscriptions []Subscription    `json:"subscriptions"`
	Contacts      []string          `json:"contacts"` // who has the group as a contact
}

// Lost says as JSON since when nothing is known of a group's source any more.
type Lost struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// Member is a member as JSON.
type Member struct {
	JID         string            `json:"jid"` // bare
	Nick        string            `json:"nick"`
	Affiliation string            `json:"affiliation"` // owner, admin, member, outcast
	Roles       []string          `json:"roles"`
	Attributes  map[string]string `json:"attributes"`
	Presence    string            `json:"presence"` // our request for his presence: none, asked, granted, refused
}

// Subscription is a PubSub subscription as JSON. Its SubID is left out, for
// with it and the address one could act on it.
type Subscription struct {
	Node  string `json:"node"` // info, members, presence, group
	JID   string `json:"jid"`  // where events go
	Owner string `json:"owner"`
}

// NamedGroup is a group in a list.
type NamedGroup struct {
	Name string `json:"name"`
}

// GroupList is a list of groups as JSON.
type GroupList struct {
	Groups []NamedGroup `json:"groups"`
}

// GroupChange is what to change of a group's settings; nil is as it was. An
// attribute that is nil is removed.
type GroupChange struct {
	Title       *string            `json:"title,omitempty"`
	Description *string            `json:"description,omitempty"`
	Language    *string            `json:"language,omitempty"`
	Attributes  map[string]*string `json:"attributes,omitempty"`
	Listed      *bool              `json:"listed,omitempty"`
	Payload     *string            `json:"payload,omitempty"`
	Delivery    *string            `json:"delivery,omitempty"` // immediate, or milliseconds
	Join        *string            `json:"join,omitempty"`     // invite, approve, open
	Aggregate   *string            `json:"aggregate,omitempty"`
	Policy      *string            `json:"policy,omitempty"` // the group policy's text form
	Avatar      *[]byte            `json:"avatar,omitempty"` // a picture; empty = the one that is drawn for it
}

// Check says what of c can be seen to be wrong without the group that it
// changes.
func (c GroupChange) Check() error { return c.apply(&roster.Settings{}) }

// MemberChange is what to change of a member; nil is as it was. Roles are
// replaced as a whole.
type MemberChange struct {
	Nick        *string            `json:"nick,omitempty"`
	Affiliation *string            `json:"affiliation,omitempty"`
	Roles       *[]string          `json:"roles,omitempty"`
	Attributes  map[string]*string `json:"attributes,omitempty"`
}

// NewMember is a member to add; what is nil gets its default.
type NewMember struct {
	JID string `json:"jid"`
	MemberChange
}

// newGroup is the body of a creation.
type newGroup struct {
	Name string `json:"name"`
	GroupChange
}

// newMembers is the body of an addition.
type newMembers struct {
	Members []NewMember `json:"members"`
}

func (c GroupChange) apply(s *roster.Settings) (err error) {
	if c.Payload != nil {
		if s.Payload, err = roster.ParsePayload(*c.Payload); err != nil {
			return err
		}
	}
	if c.Join != nil {
		if s.Join, err = roster.ParseJoin(*c.Join); err != nil {
			return err
		}
	}
	set(&s.Aggregate, c.Aggregate)
	set(&s.Policy, c.Policy)
	if c.Avatar != nil {
		s.Avatar = string(*c.Avatar)
	}
	if c.Delivery != nil {
		if s.Delivery, err = roster.ParseDelivery(*c.Delivery); err != nil {
			return err
		}
	}
	set(&s.Title, c.Title)
	set(&s.Description, c.Description)
	set(&s.Language, c.Language)
	set(&s.Listed, c.Listed)
	s.Attributes = merge(s.Attributes, c.Attributes)
	return nil
}

func (c MemberChange) apply(m *roster.MemberRecord) (err error) {
	if c.Affiliation != nil {
		if m.Affiliation, err = roster.ParseAffiliation(*c.Affiliation); err != nil {
			return err
		}
	}
	set(&m.Nick, c.Nick)
	if c.Roles != nil {
		m.Roles = slices.Compact(slices.Sorted(slices.Values(*c.Roles)))
	}
	m.Attributes = merge(m.Attributes, c.Attributes)
	return nil
}

func (m NewMember) record() (roster.MemberRecord, error) {
	rec := roster.MemberRecord{JID: m.JID, Affiliation: roster.Plain}
	return rec, m.apply(&rec)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// merge makes a new list of old with the changes, sorted by name.
func merge(old []roster.Attribute, change map[string]*string) []roster.Attribute {
	list := make([]roster.Attribute, 0, len(old)+len(change))
	for _, a := range old {
		if _, changed := change[a.Name]; !changed {
			list = append(list, a)
		}
	}
	for name, value := range change {
		if value != nil {
			list = append(list, roster.Attribute{Name: name, Value: *value})
		}
	}
	slices.SortFunc(list, func(a, b roster.Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func shapeGroup(rec *roster.GroupRecord) Group {
	g := Group{
		Name: rec.Name, Source: rec.Source, Title: rec.Settings.Title, Description: rec.Settings.Description,
		Language: rec.Settings.Language, Attributes: shapeAttributes(rec.Settings.Attributes),
		Listed: rec.Settings.Listed, Payload: rec.Settings.Payload.String(),
		Delivery: roster.FormatDelivery(rec.Settings.Delivery), Policy: rec.Settings.Policy,
		Join: rec.Settings.Join.String(), Aggregate: cmp.Or(rec.Settings.Aggregate, "any"), Avatar: shapeAvatar(rec.Settings.Avatar),
		Members:       make([]Member, len(rec.Members)),
		Subscriptions: make([]Subscription, 0, len(rec.Subscriptions)),
		Contacts:      append([]string{}, rec.Contacts...),
	}
	for i, m := range rec.Members {
		g.Members[i] = Member{
			JID: m.JID, Nick: m.Nick, Affiliation: m.Affiliation.String(),
			Roles: append([]string{}, m.Roles...), Attributes: shapeAttributes(m.Attributes), Presence: m.Ask.String(),
		}
	}
	for _, s := range rec.Subscriptions {
		if s.Node != roster.NodeContact.String() && s.Node != roster.NodeResources.String() { // those are among the contacts
			g.Subscriptions = append(g.Subscriptions, Subscription{Node: s.Node, JID: s.JID, Owner: s.Owner})
		}
	}
	// By address, as their order in the record is that of the SubIDs.
	slices.SortFunc(g.Subscriptions, func(a, b Subscription) int {
		return cmp.Or(cmp.Compare(a.JID, b.JID), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Owner, b.Owner))
	})
	return g
}

func shapeAvatar(picture string) string {
	if picture == "" {
		return ""
	}
	return avatar.Hash([]byte(picture))
}

func shapeAttributes(list []roster.Attribute) map[string]string {
	m := make(map[string]string, len(list))
	for _, a := range list {
		m[a.Name] = a.Value
	}
	return m
}
