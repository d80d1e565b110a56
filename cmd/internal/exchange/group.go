package exchange

import (
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Group is a group with all that is remembered of it.
type Group struct {
	Name           string          `json:"name"`
	Source         string          `json:"source,omitempty"` // who keeps the group
	Title          string          `json:"title,omitempty"`
	Description    string          `json:"description,omitempty"`
	Language       string          `json:"language,omitempty"`
	Attributes     []attribute     `json:"attributes,omitempty"`
	Listed         bool            `json:"listed,omitempty"`
	Payload        string          `json:"payload,omitempty"`
	Policy         string          `json:"policy,omitempty"`
	Join           string          `json:"join,omitempty"`
	Aggregate      string          `json:"aggregate,omitempty"`
	Delivery       int             `json:"delivery,omitempty"` // ms
	Avatar         []byte          `json:"avatar,omitempty"`   // the picture's bytes
	Members        []Member        `json:"members,omitempty"`
	Subscriptions  []subscription  `json:"subscriptions,omitempty"`
	Contacts       []string        `json:"contacts,omitempty"`
	Authorizations []authorization `json:"authorizations,omitempty"`
	Visitors       []visitor       `json:"visitors,omitempty"`
	Hooks          []hook          `json:"webhooks,omitempty"`
}

// Member is a member of a [Group].
type Member struct {
	JID         string      `json:"jid"`
	Nick        string      `json:"nick,omitempty"`
	Affiliation string      `json:"affiliation,omitempty"`
	Roles       []string    `json:"roles,omitempty"`
	Attributes  []attribute `json:"attributes,omitempty"`
	Presence    string      `json:"presence,omitempty"` // our request for his presence
	Agreed      string      `json:"agreed,omitempty"`
	Elsewhere   string      `json:"elsewhere,omitempty"`
	ByContact   bool        `json:"by_contact,omitempty"`
	Combination string      `json:"combination,omitempty"` // "" = available
	Said        string      `json:"said,omitempty"`
	Trusts      string      `json:"trusts,omitempty"`
	Location    string      `json:"location,omitempty"` // how exactly others see it
}

type attribute = roster.Attribute

type subscription struct {
	ID        string `json:"id"`
	Node      string `json:"node"`
	JID       string `json:"jid"`
	Owner     string `json:"owner"`
	Receiving string `json:"receiving,omitempty"`
	Manner    string `json:"manner,omitempty"`
	Pending   bool   `json:"pending,omitempty"`
	Outpost   string `json:"outpost,omitempty"` // a node at the server's PubSub service
}

type authorization struct {
	JID   string `json:"jid"`
	Rules string `json:"rules"`
}

type visitor struct {
	JID     string `json:"jid"`
	State   string `json:"state"`
	By      string `json:"by,omitempty"`
	Contact bool   `json:"contact,omitempty"`
}

type hook struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Secret string `json:"secret"`
	Format string `json:"format"`
	By     string `json:"by,omitempty"`
	Ended  string `json:"ended,omitempty"`
}

// Of is the group of rec.
func Of(rec *roster.GroupRecord) Group {
	set := &rec.Settings
	g := Group{Name: rec.Name, Source: rec.Source, Title: set.Title, Description: set.Description, Language: set.Language, Attributes: set.Attributes,
		Listed: set.Listed, Payload: set.Payload.String(), Policy: set.Policy, Join: set.Join.String(), Aggregate: set.Aggregate,
		Delivery: set.Delivery, Avatar: []byte(set.Avatar), Contacts: rec.Contacts}
	for _, m := range rec.Members {
		one := Member{JID: m.JID, Nick: m.Nick, Affiliation: m.Affiliation.String(), Roles: m.Roles,
			Attributes: m.Attributes, Presence: m.Ask.String(), Agreed: m.Agreed, Elsewhere: m.Elsewhere, ByContact: m.ByContact,
			Said: m.Said, Trusts: m.Trusts}
		if m.Precision != roster.Exact {
			one.Location = m.Precision.String()
		}
		if m.Combination != roster.MostAvailable {
			one.Combination = m.Combination.String()
		}
		g.Members = append(g.Members, one)
	}
	for _, s := range rec.Subscriptions {
		g.Subscriptions = append(g.Subscriptions, subscription(s))
	}
	for _, a := range rec.Authorizations {
		g.Authorizations = append(g.Authorizations, authorization(a))
	}
	for _, v := range rec.Visitors {
		g.Visitors = append(g.Visitors, visitor{v.JID, v.State.String(), v.By, v.Contact})
	}
	for _, h := range rec.Hooks {
		g.Hooks = append(g.Hooks, hook(h))
	}
	return g
}

// Record is the inverse of [Of]. Values are judged by whom they are given to;
// here an InvalidError says that a word is unknown.
func (g *Group) Record() (rec *roster.GroupRecord, err error) {
	rec = &roster.GroupRecord{Name: g.Name, Source: g.Source, Contacts: g.Contacts, Settings: roster.Settings{Title: g.Title, Description: g.Description,
		Language: g.Language, Attributes: g.Attributes, Listed: g.Listed, Policy: g.Policy, Aggregate: g.Aggregate, Delivery: g.Delivery,
		Avatar: string(g.Avatar)}}
	if err := parse(g.Payload, roster.ParsePayload, &rec.Settings.Payload); err != nil {
		return nil, err
	}
	if err := parse(g.Join, roster.ParseJoin, &rec.Settings.Join); err != nil {
		return nil, err
	}
	for _, m := range g.Members {
		r := roster.MemberRecord{JID: m.JID, Nick: m.Nick, Affiliation: roster.Plain, Roles: m.Roles, Attributes: m.Attributes,
			Agreed: m.Agreed, Elsewhere: m.Elsewhere, ByContact: m.ByContact, Said: m.Said, Trusts: m.Trusts}
		if err := parse(m.Affiliation, roster.ParseAffiliation, &r.Affiliation); err != nil {
			return nil, err
		}
		if err := parse(m.Presence, roster.ParseAsk, &r.Ask); err != nil {
			return nil, err
		}
		if err := parse(m.Combination, roster.ParseCombination, &r.Combination); err != nil {
			return nil, err
		}
		if err := parse(m.Location, roster.ParsePrecision, &r.Precision); err != nil {
			return nil, err
		}
		rec.Members = append(rec.Members, r)
	}
	for _, s := range g.Subscriptions {
		rec.Subscriptions = append(rec.Subscriptions, roster.SubscriptionRecord(s))
	}
	for _, a := range g.Authorizations {
		rec.Authorizations = append(rec.Authorizations, roster.AuthorizationRecord(a))
	}
	for _, h := range g.Hooks {
		rec.Hooks = append(rec.Hooks, roster.HookRecord(h))
	}
	for _, v := range g.Visitors {
		r := roster.VisitorRecord{JID: v.JID, By: v.By, Contact: v.Contact}
		if r.State, err = roster.ParseVisitorState(v.State); err != nil {
			return nil, err
		}
		rec.Visitors = append(rec.Visitors, r)
	}
	return rec, nil
}

// parse reads a word that may be left out.
func parse[T any](word string, read func(string) (T, error), to *T) (err error) {
	if word != "" {
		*to, err = read(word)
	}
	return err
}
