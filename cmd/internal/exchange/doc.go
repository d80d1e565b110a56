// Package exchange carries groups from one service to another: as JSON with
// all that a service remembers, and from the files in which Prosody and
// ejabberd keep groups.
//
//	{"format": "rollcall", "version": 1, "groups": [{"name": "team", …}, …]}
//
// A reader takes any version up to its own, and refuses what it does not know,
// for a part that is left out silently is a part that is lost. The file holds
// personal data, the ids of subscriptions, with which one can act on them, and
// the secrets of webhooks, with which one can speak to them in the service's
// name.
package exchange
