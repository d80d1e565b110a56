package demo

import (
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// member is somebody the admin adds, and how.
type member struct {
	person
	device string // the one he logs in with first
	node   string // what it subscribes to
}

// cast is who is in the group when the day begins. The last one is nobody
// yet: it is for who wants to log in himself.
func cast() []member {
	return []member{
		{person{user: "anna", nick: "Anna", roles: []string{"lead"}, title: "Shift lead"}, "laptop", watch.NodeGroup},
		{person{user: "bo", nick: "Bo", roles: []string{"ops"}, title: "Helpdesk"}, "laptop", watch.NodePresence},
		{person{user: "cy", nick: "Cy", roles: []string{"dev"}, title: "Backend"}, "phone", watch.NodeMembers},
		{person{user: "dee", nick: "Dee", roles: []string{"field"}, title: "Repairs"}, "phone", ""},
		{person{user: "eli", nick: "Eli", roles: []string{"dev"}, title: "Apprentice"}, "desk", ""},
		{person{user: guest, nick: "You", roles: []string{"guest"}, title: "Your seat"}, "", ""},
	}
}

// guest is the account that nobody uses.
const guest = "you"

// add is the command that makes him a member.
func (m *member) add() []string {
	args := []string{"member", "add", "--nick", m.nick}
	for _, role := range m.roles {
		args = append(args, "--role", role)
	}
	return append(args, "--attr", "title="+m.title)
}

// prologue is the evening before: everybody logs in once, says yes to the
// group, takes it as a contact, and goes home; but for Anna's laptop, which
// is ours.
func prologue() []step {
	all, home := step{text: "everybody logs in and says yes"}, step{text: "everybody goes home"}
	for _, m := range cast() {
		if m.device == "" {
			continue
		}
		all.acts = append(all.acts, arrives(m.user, m.device, watch.Available, ""), joins(m.user, m.device))
		all.then = append(all.then, looks(m.user, watch.Available, ""))
		if m.user != "anna" {
			home.acts = append(home.acts, leaves(m.user, m.device))
			home.then = append(home.then, isOff(m.user))
		}
	}
	return []step{all, home}
}

// day is the working day.
func day() []step {
	return append(morning(), afternoon()...)
}

func morning() []step {
	return []step{
		{"07:58", "Bo opens his laptop",
			[]act{arrives("bo", "laptop", watch.Available, "")},
			[]outcome{looks("bo", watch.Available, "")}},
		{"08:01", "Cy is on his way, with the phone",
			[]act{arrives("cy", "phone", watch.Away, "On the train")},
			[]outcome{looks("cy", watch.Away, "On the train")}},
		{"08:06", "Dee starts the van",
			[]act{arrives("dee", "phone", watch.Available, "In the van")},
			[]outcome{looks("dee", watch.Available, "In the van")}},
		{"08:15", "Cy's laptop appears beside the phone",
			[]act{arrives("cy", "laptop", watch.Available, "At my desk")},
			[]outcome{looks("cy", watch.Available, "At my desk")}},
		{"08:20", "Eli is there, too",
			[]act{arrives("eli", "desk", watch.Available, "")},
			[]outcome{looks("eli", watch.Available, "")}},
		{"08:30", "Anna: free to chat",
			[]act{says("anna", "laptop", watch.Chat, "Ask me anything")},
			[]outcome{looks("anna", watch.Chat, "Ask me anything")}},
		{"09:02", "Bo: on a call (do not disturb)",
			[]act{says("bo", "laptop", watch.DND, "On a call")},
			[]outcome{looks("bo", watch.DND, "On a call")}},
		{"09:05", "Cy is proud of what he did yesterday (his mood, published at his server)",
			[]act{feels("cy", "laptop", "proud", "all tests are green")},
			[]outcome{same("cy")}},
		{"09:10", "Dee is driving",
			[]act{says("dee", "phone", watch.XA, "Driving")},
			[]outcome{looks("dee", watch.XA, "Driving")}},
		{"09:20", "Eli has not touched his keyboard for nine minutes",
			[]act{rests("eli", "desk", watch.Away, "Coffee", 9*time.Minute)},
			[]outcome{looksIdle("eli", watch.Away, "Coffee")}},
		{"09:30", "admin: rollcall member set: Cy is on call today",
			[]act{admin("cy", "member", "set", "--role", "dev", "--role", "ops", "--attr", "title=On call")},
			[]outcome{{"cy", func(p *people) { m := p.of("cy"); m.roles, m.title = []string{"dev", "ops"}, "On call" }}}},
		{"09:40", "admin: rollcall member add: Fay joins for the day",
			[]act{arrives("fay", "phone", watch.Available, ""),
				admin("fay", "member", "add", "--nick", "Fay", "--role", "guest", "--attr", "title=Auditor"), joins("fay", "phone")},
			[]outcome{{"fay", func(p *people) {
				p.add(&person{user: "fay", nick: "Fay", roles: []string{"guest"}, title: "Auditor"})
			}}, looks("fay", watch.Available, "")}},
		{"09:45", "Fay: her first day", // a server tells what members say, not what they had said
			[]act{says("fay", "phone", watch.Available, "First day")},
			[]outcome{looks("fay", watch.Available, "First day")}},
		{"09:55", "Bo's call is over",
			[]act{says("bo", "laptop", watch.Available, "")},
			[]outcome{looks("bo", watch.Available, "")}},
		{"10:05", "Eli is back from his coffee",
			[]act{says("eli", "desk", watch.Available, "")},
			[]outcome{looks("eli", watch.Available, "")}},
		{"10:20", "Cy's phone goes offline; the laptop stays",
			[]act{vanishes("cy", "phone")},
			[]outcome{same("cy")}},
		{"10:50", "Dee: on a ladder (do not disturb)",
			[]act{says("dee", "phone", watch.DND, "On a ladder")},
			[]outcome{looks("dee", watch.DND, "On a ladder")}},
		{"11:30", "admin: rollcall group set: the team has a new phone",
			[]act{admin("", "group", "set", "--attr", "phone=456")},
			[]outcome{{"", func(p *people) { p.phone = "456" }}}},
	}
}

func afternoon() []step {
	return []step{
		{"12:00", "lunch: Anna, Cy and Eli are far away",
			[]act{says("anna", "laptop", watch.XA, "Lunch"), says("cy", "laptop", watch.XA, "Lunch"), says("eli", "desk", watch.XA, "Lunch")},
			[]outcome{looks("anna", watch.XA, "Lunch"), looks("cy", watch.XA, "Lunch"), looks("eli", watch.XA, "Lunch")}},
		{"12:10", "Dee's phone has no signal",
			[]act{vanishes("dee", "phone")},
			[]outcome{isOff("dee")}},
		{"12:40", "Bo's laptop restarts for updates",
			[]act{leaves("bo", "laptop")},
			[]outcome{isOff("bo")}},
		{"12:45", "lunch is over",
			[]act{says("anna", "laptop", watch.Available, ""), says("cy", "laptop", watch.Available, "At my desk"), says("eli", "desk", watch.Available, "")},
			[]outcome{looks("anna", watch.Available, ""), looks("cy", watch.Available, "At my desk"), looks("eli", watch.Available, "")}},
		{"12:50", "Bo is back, and is told what he missed",
			[]act{arrives("bo", "laptop", watch.Available, "")},
			[]outcome{looks("bo", watch.Available, "")}},
		{"13:20", "Dee is back, on a borrowed laptop",
			[]act{arrives("dee", "laptop", watch.Available, "Back inside")},
			[]outcome{looks("dee", watch.Available, "Back inside")}},
		{"14:05", "Cy: deploying (do not disturb)",
			[]act{says("cy", "laptop", watch.DND, "Deploying")},
			[]outcome{looks("cy", watch.DND, "Deploying")}},
		{"14:20", "Dee moves to the workshop: only her status changes",
			[]act{says("dee", "laptop", watch.Available, "In the workshop")},
			[]outcome{looks("dee", watch.Available, "In the workshop")}},
		{"14:30", "Eli: free to chat",
			[]act{says("eli", "desk", watch.Chat, "Bored & curious")},
			[]outcome{looks("eli", watch.Chat, "Bored & curious")}},
		{"15:00", "admin: rollcall member remove: Fay's day ends",
			[]act{admin("fay", "member", "remove")},
			[]outcome{{"fay", func(p *people) { p.remove("fay") }}}},
		{"15:10", "Cy's phone has found a charger",
			[]act{arrives("cy", "phone", watch.Away, "")},
			[]outcome{same("cy")}},
		{"15:20", "Cy is relieved: it works",
			[]act{feels("cy", "laptop", "relieved", "it works")},
			[]outcome{same("cy")}},
		{"15:30", "Cy: deployed",
			[]act{says("cy", "laptop", watch.Available, "Done")},
			[]outcome{looks("cy", watch.Available, "Done")}},
		{"15:45", "Eli has not touched his keyboard for twelve minutes",
			[]act{rests("eli", "desk", watch.Away, "Tea", 12*time.Minute)},
			[]outcome{looksIdle("eli", watch.Away, "Tea")}},
	}
}

// life goes round and round when the day is over. Whoever does something here
// undoes it.
func life() []step {
	at := "later"
	return []step{
		{at, "Bo: on a call (do not disturb)", []act{says("bo", "laptop", watch.DND, "On a call")}, []outcome{looks("bo", watch.DND, "On a call")}},
		{at, "Eli: away for a coffee", []act{rests("eli", "desk", watch.Away, "Coffee", time.Minute)}, []outcome{looksIdle("eli", watch.Away, "Coffee")}},
		{at, "Bo's call is over", []act{says("bo", "laptop", watch.Available, "")}, []outcome{looks("bo", watch.Available, "")}},
		{at, "Dee drives home", []act{leaves("dee", "laptop")}, []outcome{isOff("dee")}},
		{at, "Eli: free to chat", []act{says("eli", "desk", watch.Chat, "Bored & curious")}, []outcome{looks("eli", watch.Chat, "Bored & curious")}},
		{at, "Anna: far away", []act{says("anna", "laptop", watch.XA, "In a meeting")}, []outcome{looks("anna", watch.XA, "In a meeting")}},
		{at, "Dee is back", []act{arrives("dee", "laptop", watch.Available, "In the workshop")}, []outcome{looks("dee", watch.Available, "In the workshop")}},
		{at, "Anna is back", []act{says("anna", "laptop", watch.Available, "")}, []outcome{looks("anna", watch.Available, "")}},
		{at, "Eli: away for a tea", []act{rests("eli", "desk", watch.Away, "Tea", 12*time.Minute)}, []outcome{looksIdle("eli", watch.Away, "Tea")}},
	}
}
