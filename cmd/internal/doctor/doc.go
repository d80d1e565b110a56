// Package doctor examines an XMPP server from outside: can Rollcall be its
// component, and how good a component can it be there? [Examine] connects as
// the component would, plays a group with the address of nobody, and says what
// it saw as [Finding]s: what it means, and the lines of the server's
// configuration that would change it.
//
// # What is examined
//
//	reach       the component port can be connected to
//	tls         whether it speaks TLS, and whether the configuration agrees
//	attach      the secret and the domain are accepted
//	host        server.host is the server, and what server it is
//	clock       its clock and ours agree (XEP-0202)
//	privilege   what it lets the component do beside (XEP-0356)
//	pubsub      whether it has a PubSub service of its own (XEP-0060)
//	multicast   whether it has a multicast service (XEP-0033), and its limit
//	sources     those who keep groups of ours answer; what a directory (LDAP) would bring
//	nodes       the PubSub service of delivery.pubsub lets us make nodes
//	account     the test account can log in
//	consent     a subscription to it gives its presence (the snapshot)
//	event       it gets a message from the group
//	probe       what a probe is answered while it is online, and when it is not
//	unclean     whether a connection that is cut counts as offline
//	managed     what of all this XEP-0356 tells, if it was granted
//	conflict    what a second connection of the same domain does
//	size        whether our largest stanzas come through
//	service     the running service answers, from end to end
//
// Without an account the findings from account to managed are left out.
//
// # Beside a running service
//
// A component's domain has one connection on Prosody, where a second one is
// refused or throws the first out; ejabberd takes both and deals stanzas out
// between them at random. So Examine never attaches with the domain of a
// service that runs. Then either a second domain is given, which the server
// has to know, and everything is examined with it; or the findings that need
// no attachment of our own are made, from the test account where one is given,
// and the group that it meets is a temporary one of the running service.
package doctor
