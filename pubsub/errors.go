package pubsub

import (
	"errors"

	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Error is a refusal on the wire: a stanza error with, where XEP-0060 names
// one, the condition of the application.
type Error struct {
	Type      stanza.ErrorType
	Condition stanza.Condition
	Text      string
	App       string // element in Space, "" = none
	Space     string // "" = NSErrors
	Feature   string // of <unsupported/>
	With      string // what stands before the error: the parts of a request that failed
}

func (e Error) Error() string { return string(e.Condition) }

func refusal(t stanza.ErrorType, c stanza.Condition, app string) Error {
	return Error{Type: t, Condition: c, App: app}
}

// Refusal is the one table from the roster's errors to the wire.
func Refusal(err error) Error {
	var bad *roster.InvalidError
	switch {
	case errors.Is(err, roster.ErrNoGroup), errors.Is(err, roster.ErrNoNode):
		return refusal(stanza.Cancel, stanza.ItemNotFound, "")
	case errors.Is(err, roster.ErrForeign):
		e := refusal(stanza.Cancel, stanza.NotAllowed, "")
		e.Text = err.Error()
		return e
	case errors.Is(err, roster.ErrForbidden): // XEP-0060 §6.1.3.4, §6.5.9.5
		return refusal(stanza.Cancel, stanza.NotAllowed, "closed-node")
	case errors.Is(err, roster.ErrNoSubscription): // §6.2.3.2
		return refusal(stanza.Cancel, stanza.UnexpectedRequest, "not-subscribed")
	case errors.Is(err, roster.ErrSubIDRequired): // §6.2.3.1
		return refusal(stanza.Modify, stanza.BadRequest, "subid-required")
	case errors.Is(err, roster.ErrInvalidSubID): // §6.2.3.5
		return refusal(stanza.Modify, stanza.NotAcceptable, "invalid-subid")
	case errors.Is(err, roster.ErrNoPresence): // §6.1.3.2
		return refusal(stanza.Auth, stanza.NotAuthorized, "presence-subscription-required")
	case errors.Is(err, roster.ErrLimit): // §6.1.3.9
		return refusal(stanza.Wait, stanza.PolicyViolation, "too-many-subscriptions")
	case errors.Is(err, roster.ErrStale): // read it again
		return refusal(stanza.Modify, stanza.Conflict, "")
	case errors.Is(err, roster.ErrNoMember):
		return refusal(stanza.Cancel, stanza.NotAllowed, "")
	case errors.As(err, &bad):
		e := refusal(stanza.Modify, stanza.NotAcceptable, "")
		e.Text = bad.Error()
		return e
	}
	return refusal(stanza.Wait, stanza.InternalServerError, "")
}

// The refusals that do not come from the roster.
var (
	BadRequest  = refusal(stanza.Modify, stanza.BadRequest, "")
	Unavailable = refusal(stanza.Cancel, stanza.ServiceUnavailable, "")
	Busy        = refusal(stanza.Wait, stanza.ResourceConstraint, "")
	TooLarge    = Error{Type: stanza.Modify, Condition: stanza.PolicyViolation, Text: "The answer would be too large."}

	invalidJID   = refusal(stanza.Modify, stanza.BadRequest, "invalid-jid")
	jidRequired  = refusal(stanza.Modify, stanza.BadRequest, "jid-required")
	nodeRequired = refusal(stanza.Modify, stanza.BadRequest, "nodeid-required")
	forbidden    = refusal(stanza.Auth, stanza.Forbidden, "")
)

// unsupported is the answer to what the service does not do (§6.1.3.12 and
// the like).
func unsupported(feature string) Error {
	e := refusal(stanza.Cancel, stanza.FeatureNotImplemented, "unsupported")
	e.Feature = feature
	return e
}
