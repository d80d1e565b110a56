package directory

import (
	"errors"
	"fmt"
	"strings"
)

// refusedError is why a list is not taken in, although the directory answers.
type refusedError struct {
	why string
	who error // nil: it is about nobody
}

func (e *refusedError) Error() string { return e.why }
func (e *refusedError) Unwrap() error { return e.who }

func refused(format string, args ...any) error {
	return &refusedError{why: fmt.Sprintf(format, args...)}
}

// namingError is about somebody. What becomes of errors is logged, and logs name
// nobody: only detail tells who that is.
type namingError struct{ what, who string }

func (e *namingError) Error() string { return e.what + " (rollcall doctor says whose)" }

// detail is an error for whoever asked for it.
func detail(err error) string {
	var n *namingError
	if !errors.As(err, &n) {
		return err.Error()
	}
	return strings.Replace(err.Error(), n.Error(), n.what+": "+n.who, 1)
}
