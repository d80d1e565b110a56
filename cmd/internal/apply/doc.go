// Package apply makes groups what a file says they are:
//
//	groups:
//	  team:
//	    title: Team
//	    description: Who is on shift
//	    listed: true
//	    payload: combined
//	    delivery: "60000"
//	    join: approve
//	    aggregate: quorum:2
//	    policy: |
//	      watch anyone
//	      default members: availability show
//	    avatar: team.png
//	    attributes: {phone: "123"}
//	    members:
//	      alice@example.org: {nick: Alice, roles: [lead], attributes: {title: Shift lead}}
//	      bob@example.org:
//
// What the file does not mention of a group stays as it is; what it mentions
// is meant in full: members that are not in the list leave, attributes that
// are not in the map are removed, a policy is the whole policy. What members
// themselves let others see is theirs and not in it. Groups that it does not mention stay, unless
// they are to be pruned.
//
// [Read] reads the file, [Compare] finds what has to be done, and each [Step]
// does one thing and says on one line what.
package apply
