// Package forget erases a person from a service: memberships, subscriptions,
// contacts, policies, and what others' policies say of him; the audit log
// keeps what was done, under a name that says nothing.
//
// Nobody is shown more for it. A rule that granted him something is removed;
// that somebody hides from him is that person's will and stays, unless the
// admin wants it otherwise; that peers see nothing of him is remembered where
// they asked for him, or he had said something; a list that would mean "all" without him is kept
// as well. What was kept is told.
package forget
