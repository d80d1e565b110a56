// Package apply makes groups what a file says they are:
//
//	groups:
//	  team:
//	    title: Team
//	    description: Who is on shift
//	    listed: true
//	    payload: combined
//	    avatar: team.png
//	    attributes: {phone: "123"}
//	    members:
//	      alice@example.org: {nick: Alice, roles: [lead], attributes: {title: Shift lead}}
//	      bob@example.org:
//
// What the file does not mention of a group stays as it is; what it mentions
// is meant in full: members that are not in the list leave, attributes that
// are not in the map are removed. Groups that it does not mention stay, unless
// they are to be pruned.
//
// A picture is a file, named from where the file itself is; "" is the
// generated one.
//
// [Read] reads the file, [File.Pictures] the pictures that it names, [Compare]
// finds what has to be done, and each [Step] does one thing and says on one
// line what.
package apply
