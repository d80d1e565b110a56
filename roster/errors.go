package roster

import (
	"errors"
	"fmt"
)

// The refusals. The edge (component, cmd) has one table from these to stanza
// errors, HTTP statuses and exit codes.
var (
	ErrNoGroup        = errors.New("no such group")
	ErrGroupExists    = errors.New("group exists already")
	ErrNoMember       = errors.New("no such member")
	ErrMemberExists   = errors.New("member exists already")
	ErrNoNode         = errors.New("no such node")
	ErrNoSubscription = errors.New("no such subscription")
	ErrSubIDRequired  = errors.New("which of several subscriptions is not said")
	ErrInvalidSubID   = errors.New("no subscription of that id")
	ErrNoHook         = errors.New("no such webhook")
	ErrNoPresence     = errors.New("needs to know when you are available")
	ErrForbidden      = errors.New("forbidden")
	ErrRefused        = errors.New("was refused before")
	ErrLimit          = errors.New("limit reached")
	ErrStale          = errors.New("something else is asked by now")
	ErrForeign        = errors.New("the list is kept elsewhere")
)

// ForeignError is an [ErrForeign] that says who keeps the list. It is for who
// has the power to change one, or is on it.
type ForeignError struct{ Source string }

func (e *ForeignError) Error() string { return e.Source + " keeps the list of this group" }

// Is makes it an [ErrForeign].
func (e *ForeignError) Is(target error) bool { return target == ErrForeign }

// InvalidError is a value that was refused: which field, and why. Nothing
// was changed.
type InvalidError struct {
	Field  string // such as `member[3].jid`
	Reason string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

func invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Reason: fmt.Sprintf(format, args...)}
}
