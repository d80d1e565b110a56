package pubsub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// The forms that speak of a node (XEP-0060 §16.4.3, §16.4.4).
const (
	formConfig   = NSPubSub + "#node_config"
	formMetaData = NSPubSub + "#meta-data"

	fieldTitle       = "pubsub#title"
	fieldDescription = "pubsub#description"
	fieldLanguage    = "pubsub#language"
	fieldAccess      = "pubsub#access_model"
	fieldGroups      = "pubsub#roster_groups_allowed"
	fieldDelivery    = "{" + NS + "}delivery"
)

// settled are the fields of a node's configuration that are the same for all
// nodes: what a group publishes, and that only it does, is not its admins' to
// say.
var settled = []struct{ name, value, label string }{
	{"pubsub#node_type", "leaf", "Kind of node (always leaf)"},
	{"pubsub#type", NS, "Payload (always group presence)"},
	{"pubsub#publish_model", "publishers", "Who publishes (only the service)"},
	{"pubsub#deliver_notifications", "true", "Events are sent (always)"},
	{"pubsub#deliver_payloads", "true", "Events have their items (always)"},
	{"pubsub#notification_type", "headline", "Type of events (always headline)"},
	{"pubsub#persist_items", "true", "Items stay (always)"},
	{"pubsub#max_items", "max", "Items (as many as there are members)"},
	{"pubsub#item_expire", "max", "Items end (with the membership)"},
	{"pubsub#send_last_published_item", "on_sub_and_presence", "State is sent (always on subscribing, and what was missed on coming back)"},
	{"pubsub#presence_based_delivery", "true", "Nothing to who is known to be offline (always)"},
	{"pubsub#notify_config", "false", "Subscribers are told of another configuration (never)"},
	{"pubsub#notify_delete", "true", "Subscribers are told when it ends (always)"},
	{"pubsub#notify_retract", "true", "Subscribers are told who left (always)"},
	{"pubsub#notify_sub", "false", "Admins are told of subscribers (never; see the list)"},
	{"pubsub#purge_offline", "false", "Items go when a member goes offline (never)"},
	{"pubsub#tempsub", "false", "Subscriptions end with the presence (only where the subscriber says so)"},
	{"pubsub#subscribe", "true", "Who may watch may subscribe (always)"},
}

var accessLabels = []struct{ model, label string }{
	{"whitelist", "Members, or who the group policy names"},
	{"authorize", "Members; an admin says who becomes one"},
	{"roster", "Members with one of the roles below"},
	{"open", "Everybody"},
}

// configForm is a node's configuration, or with empty settings the default.
func configForm(s *roster.Settings, a roster.Access, roles []string) *form.Data {
	access := []form.Option{form.Label("Who may subscribe"), form.Value(a.String())}
	for _, l := range accessLabels {
		access = append(access, form.ListItem(l.label, l.model))
	}
	fields := []form.Field{
		form.Hidden("FORM_TYPE", form.Value(formConfig)),
		form.Text(fieldTitle, form.Label("The group's name"), form.Value(s.Title)),
		form.Text(fieldDescription, form.Label("Description"), form.Value(s.Description)),
		form.Text(fieldLanguage, form.Label("Language"), form.Value(s.Language)),
		form.List(fieldAccess, access...),
		form.TextMulti(fieldGroups, append(values(roles), form.Label("Roles that may subscribe"))...),
		form.Text(fieldDelivery, form.Label("Events leave at most once in so many milliseconds, or immediate"), form.Value(roster.FormatDelivery(s.Delivery))),
	}
	for _, f := range settled {
		fields = append(fields, form.Text(f.name, form.Label(f.label), form.Value(f.value)))
	}
	return form.New(fields...)
}

// configure answers XEP-0060 §8.2 for admins: the nodes of a group have one
// configuration.
func (s *Service) configure(ctx context.Context, b []byte, g *roster.Group, d *roster.Description, w *wireOwnerNode, q *Request) ([]byte, error) {
	if err := owns(d, w.Node); err != nil {
		return b, err
	}
	if q.Set {
		switch {
		case w.Form == nil:
			return b, BadRequest
		case w.Form.Type == "cancel": // §8.2.3
			return b, nil
		}
		return b, g.Edit(ctx, q.Bare(), w.Form.configure)
	}
	var now roster.Settings
	rec, err := s.Roster.ShowGroup(ctx, q.Group)
	if err != nil {
		return b, err
	}
	now = rec.Settings
	b = attr(append(b, "<pubsub xmlns='"+NSOwner+"'><configure"...), "node", w.Node)
	b, err = appendData(append(b, '>'), "form", configForm(&now, d.Access, d.Roles))
	return append(b, "</configure></pubsub>"...), err
}

// defaultConfig answers XEP-0060 §8.3: what a new group is like.
func defaultConfig(b []byte) ([]byte, error) {
	b = append(b, "<pubsub xmlns='"+NSOwner+"'><default>"...)
	b, err := appendData(b, "form", configForm(&roster.Settings{}, roster.Whitelist, nil))
	return append(b, "</default></pubsub>"...), err
}

// configure puts what was submitted into the settings. What is the same for
// all nodes may be repeated, but not changed.
func (f *wireForm) configure(s *roster.Settings) error {
	access, asked, roles := "", false, []string(nil)
	for _, field := range f.Fields {
		one := strings.Join(field.Values, "\n")
		var err error
		switch field.Var {
		case "FORM_TYPE", "":
		case fieldTitle:
			s.Title = one
		case fieldDescription:
			s.Description = one
		case fieldLanguage:
			s.Language = one
		case fieldAccess:
			access, asked = one, true
		case fieldGroups:
			roles = words(field.Values)
		case fieldDelivery:
			s.Delivery, err = roster.ParseDelivery(one)
		default:
			err = isSettled(field.Var, one)
		}
		if err != nil {
			return err
		}
	}
	if !asked {
		return nil
	}
	a, err := roster.ParseAccess(access)
	if err != nil {
		return err
	}
	return s.SetAccess(a, roles)
}

func isSettled(name, value string) error {
	i := slices.IndexFunc(settled, func(f struct{ name, value, label string }) bool { return f.name == name })
	if i < 0 {
		return bad(name, errors.New("is not a setting of this service"))
	}
	want := settled[i].value
	if b, err := strconv.ParseBool(value); err == nil && strconv.FormatBool(b) == want || value == want {
		return nil
	}
	return bad(name, fmt.Errorf("is the same for all nodes here: %s", want))
}

// metaData is what anybody who may know of the group learns of a node in
// discovery (XEP-0060 §5.4). How many watch it is nobody's to know.
func metaData(d *roster.Description, n roster.Node) *form.Data {
	fields := []form.Field{
		form.Hidden("FORM_TYPE", form.Value(formMetaData)),
		form.Text("pubsub#type", form.Value(NS)),
		form.Text(fieldTitle, form.Value(d.People()+": "+nodeTitles[n])),
		form.Text(fieldDescription, form.Value(d.Description)),
		form.Text(fieldLanguage, form.Value(d.Language)),
		form.Text(fieldAccess, form.Value(d.Access.String())),
		form.Text("pubsub#publish_model", form.Value("publishers")),
		form.Text("pubsub#max_items", form.Value("max")),
		form.Text(fieldDelivery, form.Value(roster.FormatDelivery(d.Period))),
	}
	return form.New(fields...)
}
