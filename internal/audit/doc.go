// Package audit is the record of who changed what: groups, members, policies.
//
// Who acts says so with [By]; the context carries it down to the store, which
// writes the entry in the same transaction as the change, so that neither is
// there without the other. Nobody else writes entries.
//
//	ctx = audit.By(ctx, "alice@example.org")
//	err := roster.UpdateMember(ctx, "team", "bob@example.org", …)
//
// A store that keeps the record is a [Reader]. What concerns a user, and what
// he may be told, is Query{Member: jid}: what was done to him and by him, and
// the changes of the settings of groups that he is a member of.
//
// An entry names people by their bare JIDs; the admin socket's user is
// "socket:NAME". It holds no presence, no nicks and no attributes, only that
// they were changed. Of what a user sets himself the last ten entries are kept
// for each group, of all else a year. Policies of who is no member are nobody
// else's business, and not recorded.
package audit
