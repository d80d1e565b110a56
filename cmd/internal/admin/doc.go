// Package admin lets the command line talk to the running service: HTTP with
// JSON bodies over a Unix socket that only the service's own user can open
// (mode 0600). Whoever can open it may do everything.
//
// The service serves [New] on [Listen]; the command line uses a [Client].
// [Group] and [Member] are also what `rollcall … --json` prints, a shape that
// gains keys and does not lose them.
//
//	GET    /groups                    {"groups": [{"name": "team"}]}
//	POST   /groups                    {"name": "team", "title": …}: name and GroupChange
//	GET    /group?name=team           Group
//	PATCH  /group?name=team           GroupChange
//	DELETE /group?name=team
//	POST   /members?group=team        {"members": [{"jid": …, "nick": …}]}: jid and MemberChange
//	PATCH  /member?group=team&jid=…   MemberChange
//	DELETE /member?group=team&jid=…
//	GET    /policy?group=team&jid=…   Policy, in its text form; without jid the group's
//	PUT    /policy?group=team&jid=…   Policy
//	GET    /view?group=team&as=…      View: what that user sees
//
// What else there is (export, import, audit, status, person, profiles) is an
// [Extra]. Whoever asks is named in the audit log as the user that the kernel
// says he is.
//
// A change names only what changes. Values are judged by the backend, not
// here; what is judged here is whether the request is well-formed: a body of
// at most 1 MiB, one JSON value, no key that is not known.
//
// An error is {"error": text, "code": …, "field": …}; its status and code
// come from one table (errors.go), by which the client makes the same
// sentinel of it again.
package admin
