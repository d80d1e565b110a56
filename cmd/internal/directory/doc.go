// Package directory takes groups from an LDAP directory: a source (see package
// component/source).
//
// # What is a group, and who is in it
//
// Two searches below one base find the entries that are groups and those that
// are people, each by a filter. Who is in a group is said by what it has of
//
//	member, uniqueMember   the names (DNs) of entries: of people, or of other groups
//	memberUid              the uid of people, as in posixGroup
//
// A group that is in another brings its members, and theirs, however deep;
// that it may be in itself is no harm. A person's address is an attribute of
// his entry ([Mapping].JID): mail, or uid with a domain. Who has none is left
// out, and counted. Who is named but not found is so, too, when two readings in
// a row say that he is not there: between one search and the next somebody may
// have been given another name.
//
// # All or nothing
//
// Somebody whom a list does not name any more is no member any more. So a
// list counts only if it is whole. A search that a limit cut short, that ran out of
// time, or that refers to another server is refused, with all groups; so is a
// directory where nobody at all who is named was found, as when we may not read
// people's entries any more. A group of which an address makes no sense is
// refused by itself. What people may write about themselves (names, titles) is
// made to fit instead, for nobody should keep a list from being read.
//
// # When
//
// Servers that replicate (RFC 4533) say at once that something has changed;
// what it was is then read. Others are asked so often: for a number that changes
// with each write (contextCSN of OpenLDAP, highestCommittedUSN of Active
// Directory), and for everything if it has changed, or if there is none. In any
// case everything is read from time to time.
//
// # Bounds
//
// Every request has its time, every reading has a time, a number of bytes and
// of elements that it may take; a message has its own ([meter]).
//
// # The password
//
// It is asked for with each connection and held no longer than that takes. It
// is sent only where nobody listens: by TLS, or to this machine; or wherever the
// configuration says in so many words that it need not be so.
package directory
