package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// The errors of the socket itself.
var (
	ErrNotRunning = errors.New("no rollcall is running")
	ErrInUse      = errors.New("another rollcall is running")
	errRequest    = errors.New("request is not well-formed")
)

// failure is an error on the wire.
type failure struct {
	Text  string `json:"error"`
	Code  string `json:"code,omitempty"`
	Field string `json:"field,omitempty"`
}

const codeInvalid = "invalid"

// known is the table of errors that mean the same on both sides.
func known() []knownError {
	return []knownError{
		{roster.ErrNoGroup, http.StatusNotFound, "no-group"},
		{roster.ErrGroupExists, http.StatusConflict, "group-exists"},
		{roster.ErrNoMember, http.StatusNotFound, "no-member"},
		{roster.ErrMemberExists, http.StatusConflict, "member-exists"},
		{roster.ErrNoNode, http.StatusNotFound, "no-node"},
		{roster.ErrNoHook, http.StatusNotFound, "no-webhook"},
		{roster.ErrNoSubscription, http.StatusNotFound, "no-subscription"},
		{roster.ErrForbidden, http.StatusForbidden, "forbidden"},
		{roster.ErrForeign, http.StatusForbidden, "foreign"},
		{roster.ErrLimit, http.StatusTooManyRequests, "limit"},
		{context.DeadlineExceeded, http.StatusGatewayTimeout, "timeout"},
		{context.Canceled, http.StatusServiceUnavailable, "cancelled"},
		{errRequest, http.StatusBadRequest, "bad-request"},
	}
}

type knownError struct {
	err    error
	status int
	code   string
}

// toWire is status and body for err. Errors that nobody foresaw are 500.
func toWire(err error) (status int, f failure) {
	if invalid := (*roster.InvalidError)(nil); errors.As(err, &invalid) {
		return http.StatusUnprocessableEntity, failure{Text: invalid.Reason, Code: codeInvalid, Field: invalid.Field}
	}
	for _, k := range known() {
		if errors.Is(err, k.err) {
			return k.status, failure{Text: err.Error(), Code: k.code}
		}
	}
	return http.StatusInternalServerError, failure{Text: err.Error()}
}

// fromWire is the inverse of toWire.
func fromWire(f failure) error {
	if f.Code == codeInvalid {
		return &roster.InvalidError{Field: f.Field, Reason: f.Text}
	}
	for _, k := range known() {
		if f.Code == k.code {
			return &remoteError{f.Text, k.err}
		}
	}
	return &remoteError{f.Text, nil}
}

// remoteError has the service's text and, if it is one of ours, the sentinel.
type remoteError struct {
	text     string
	sentinel error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.sentinel }
