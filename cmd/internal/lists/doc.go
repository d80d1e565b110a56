// Package lists reads groups from a file that somebody else keeps, and reads it
// again whenever it changes: a source (see package component/source).
//
// The file's extension says how it is written.
//
// .toml and .json have groups by name, members by address:
//
//	[groups.team]
//	title = "Team"
//	attributes = { phone = "123" }
//	[groups.team.members]
//	"alice@example.org" = { nick = "Alice", affiliation = "admin", roles = ["lead"], attributes = { title = "Shift lead" } }
//	"bob@example.org" = {}
//
// .csv has a line for each member below one that names the columns: group and
// jid, and as one likes nick, affiliation and roles (separated by spaces). Any
// other column is an attribute of that name:
//
//	group,jid,nick,roles,title
//	team,alice@example.org,Alice,lead,Shift lead
//	team,bob@example.org
//
// .txt and .groups are the groups_file of Prosody's mod_groups.
//
// # Half a file
//
// A file is read when nothing has been written to it for a moment, and only if
// it did not change while it was read. What cannot be understood is refused
// whole, and so is a file of lines that ends within one: what was read before
// stays in force. The directory is watched, so that a file that is replaced, as
// editors do, is found again; now and then the file is looked at in any case.
package lists
