package roster

import (
	"slices"
	"strconv"
	"strings"
)

// Affiliation is a user's power in a group; it says nothing about what he
// does there (that is his roles). The line comment is its name on the wire.
type Affiliation uint8

// The affiliations, in order of power.
const (
	None    Affiliation = iota // none
	Outcast                    // outcast
	Plain                      // member
	Admin                      // admin
	Owner                      // owner
)

var affiliationNames = [...]string{"none", "outcast", "member", "admin", "owner"}

func (a Affiliation) String() string { return affiliationNames[a] }

// IsMember says whether a user of this affiliation is in the member list.
func (a Affiliation) IsMember() bool { return a >= Plain }

// ParseAffiliation is the inverse of [Affiliation.String].
func ParseAffiliation(s string) (Affiliation, error) {
	if i := slices.Index(affiliationNames[:], s); i >= 0 {
		return Affiliation(i), nil
	}
	return None, invalid("affiliation", "%q is none of %s", s, strings.Join(affiliationNames[:], ", "))
}

// Payload says which nodes a group publishes. The line comment is its name
// on the wire.
type Payload uint8

// The payloads. Both is the default of a new group.
const (
	Both         Payload = iota // both: all four nodes
	PresenceOnly                // presence: NS#presence
	Separate                    // separate: NS#info, NS#members, NS#presence
	Combined                    // combined: NS#group
)

var payloadNames = [...]string{"both", "presence", "separate", "combined"}

func (p Payload) String() string { return payloadNames[p] }

// ParsePayload is the inverse of [Payload.String].
func ParsePayload(s string) (Payload, error) {
	if i := slices.Index(payloadNames[:], s); i >= 0 {
		return Payload(i), nil
	}
	return 0, invalid("payload", "%q is none of %s", s, strings.Join(payloadNames[:], ", "))
}

// Ask is how far the group's request for a member's presence (RFC 6121 §3.1)
// has come. It is hard state, for nobody may be asked twice.
type Ask uint8

// The states of the request.
const (
	Unasked Ask = iota // none: never asked
	Asked              // asked: the request was sent, no answer yet
	Granted            // granted: the member's server sends us his presence
	Refused            // refused: denied, or granted and withdrawn
)

var askNames = [...]string{"none", "asked", "granted", "refused"}

func (a Ask) String() string { return askNames[a] }

// ParseAsk is the inverse of [Ask.String].
func ParseAsk(s string) (Ask, error) {
	if i := slices.Index(askNames[:], s); i >= 0 {
		return Ask(i), nil
	}
	return 0, invalid("ask", "%q is none of %s", s, strings.Join(askNames[:], ", "))
}

// Attribute is one free attribute of a group or of a member, such as
// phone=123 or title="Shift lead".
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Settings is what an admin sets on a group: the group attributes and how the
// group behaves. It is replaced as a whole.
type Settings struct {
	Title       string      // for people; "" = the group's name
	Description string      // "" = none
	Language    string      // BCP 47, "" = unknown
	Attributes  []Attribute // sorted by name, names unique
	Listed      bool        // strangers may learn that the group exists
	Payload     Payload
	Policy      string // policy's text form of the group policy; "" = that of a new group, stored in full
	Join        JoinRule
	Aggregate   string // what the contact shows: any, quorum:N, role:X; "" = any
	Delivery    int    // ms: changes leave at most once in so long; 0 = at once
	Avatar      string // the bytes of a PNG, JPEG, GIF or WebP picture; "" = the generated one
}

const immediate = "immediate"

// ParseDelivery reads what [Settings.Delivery] is on the wire: immediate, or
// milliseconds.
func ParseDelivery(s string) (ms int, err error) {
	if s == immediate {
		return 0, nil
	}
	if ms, err = strconv.Atoi(s); err != nil {
		return 0, invalid("delivery", "%q is neither immediate nor milliseconds", s)
	}
	return ms, nil
}

// FormatDelivery is its inverse.
func FormatDelivery(ms int) string {
	if ms == 0 {
		return immediate
	}
	return strconv.Itoa(ms)
}

// MemberRecord is one member's part of the basic group information, and the
// state of our request for his presence.
type MemberRecord struct {
	JID         string // bare, normalised
	Nick        string // "" = none
	Affiliation Affiliation
	Ask         Ask
	ByContact   bool // adding the group as a contact made him a member; removing it ends that
	Precision   Precision
	Combination Combination // of his devices to one state
	Roles       []string    // sorted, unique
	Attributes  []Attribute // sorted by name, names unique
	Agreed      string      // text form of the default authorization he agreed to, "" = the present one
	Elsewhere   string      // policy's text form of what he set at his server, "" = nothing
	Said        string      // what he said of his willingness, and others for him: see said; "" = nothing
	Trusts      string      // whom he lets say something for him: [Trust]'s text form, a line for each; "" = nobody
}

// SubscriptionRecord is one XEP-0060 subscription.
type SubscriptionRecord struct {
	ID        string // SubID, unique in the group
	Node      string // the node's suffix: info, members, presence, group
	JID       string // where events go: bare or full
	Owner     string // the watcher: bare JID of who subscribed
	Receiving string // policy's text form, "" = everything
	Manner    string // [Manner]'s text form, "" = the plain one
	Pending   bool   // an admin has to say yes first
	Outpost   string // its node at the server's PubSub service, for good; "" = it never had one
}

// Agreement is a change of what members have agreed to, see
// [MemberRecord.Agreed]: who stood at From now stands at To.
type Agreement struct{ From, To string }

// AuthorizationRecord is what one user lets others see of him in a group.
type AuthorizationRecord struct {
	JID   string // bare, normalised
	Rules string // policy's text form
}

// GroupRecord is everything about one group that survives a restart.
type GroupRecord struct {
	Name           string // localpart of the group's JID
	Source         string // who keeps the group, "" = this service: see [Roster.Mirror]
	Settings       Settings
	Members        []MemberRecord
	Subscriptions  []SubscriptionRecord
	Contacts       []string              // bare JIDs that have the group as an accepted contact
	Visitors       []VisitorRecord       // who is no member but known, sorted by JID
	Authorizations []AuthorizationRecord // of members, and of who set his before joining; sorted by JID
	Hooks          []HookRecord          // webhooks, sorted by name
}

// Revision is what [Store.ReviseGroup] makes of a group.
type Revision struct {
	Source         string
	Settings       Settings
	Left           []string              // bare JIDs of members who leave, as by [Store.DeleteMember]
	Members        []MemberRecord        // inserted or replaced
	Visitors       []VisitorRecord       // inserted or replaced; none of them is banned
	Authorizations []AuthorizationRecord // inserted or replaced
}

// Member returns the record of jid, or nil.
func (g *GroupRecord) Member(jid string) *MemberRecord {
	for i := range g.Members {
		if g.Members[i].JID == jid {
			return &g.Members[i]
		}
	}
	return nil
}

// Clone copies r so that nothing is shared.
func (r MemberRecord) Clone() MemberRecord {
	r.Roles, r.Attributes = slices.Clone(r.Roles), slices.Clone(r.Attributes)
	return r
}

// Clone copies s so that nothing is shared.
func (s Settings) Clone() Settings {
	s.Attributes = slices.Clone(s.Attributes)
	return s
}
