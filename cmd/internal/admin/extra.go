package admin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/forget"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
)

// Extra is something the socket offers beside the groups.
type Extra func(routes map[string]handler, mux *http.ServeMux)

// WithAudit offers what was done:
//
//	GET /audit?group=team&member=…&before=123&limit=100    {"entries": […]}
func WithAudit(r audit.Reader) Extra {
	return func(routes map[string]handler, _ *http.ServeMux) {
		routes["GET /audit"] = func(_ Backend, req *http.Request) (any, error) {
			q := req.URL.Query()
			before, err := number(q.Get("before"))
			if err != nil {
				return nil, err
			}
			limit, err := number(q.Get("limit"))
			if err != nil {
				return nil, err
			}
			entries, err := r.Audit(req.Context(), audit.Query{Group: q.Get("group"), Member: q.Get("member"), Before: before, Limit: int(min(limit, maxEntries))})
			return AuditLog{entries}, err
		}
	}
}

const maxEntries = 10_000 // of the audit log in one answer

// AuditLog is the audit log as JSON, the latest entry first.
type AuditLog struct {
	Entries []audit.Entry `json:"entries"`
}

func number(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: %q is no number", errRequest, s)
	}
	return n, nil
}

// WithForget offers to erase a person:
//
//	DELETE /person?jid=…&hides=true     forget.Result
func WithForget(e *forget.Eraser) Extra {
	return func(routes map[string]handler, _ *http.ServeMux) {
		routes["DELETE /person"] = func(_ Backend, req *http.Request) (any, error) {
			q := req.URL.Query()
			return e.Person(req.Context(), q.Get("jid"), q.Get("hides") == "true")
		}
	}
}

// WithStatus offers how the service is:
//
//	GET /status
func WithStatus(status func(context.Context) (*Status, error)) Extra {
	return func(routes map[string]handler, _ *http.ServeMux) {
		routes["GET /status"] = func(_ Backend, req *http.Request) (any, error) { return status(req.Context()) }
	}
}

// WithProfiles offers Go's profiles, which may show personal data and so are
// here and not at [http]:
//
//	curl --unix-socket rollcall.sock http://rollcall/debug/pprof/heap > heap
func WithProfiles() Extra {
	return func(_ map[string]handler, mux *http.ServeMux) {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
}

// Audit returns what was done, the latest first.
func (c *Client) Audit(ctx context.Context, q audit.Query) (log AuditLog, err error) {
	values := url.Values{"group": {q.Group}, "member": {q.Member}, "before": {strconv.FormatInt(q.Before, 10)}, "limit": {strconv.Itoa(q.Limit)}}
	return log, c.do(ctx, http.MethodGet, "audit", values, nil, &log)
}

// Forget erases a person. See [forget.Eraser.Person].
func (c *Client) Forget(ctx context.Context, jid string, hides bool) (r forget.Result, err error) {
	return r, c.do(ctx, http.MethodDelete, "person", url.Values{"jid": {jid}, "hides": {strconv.FormatBool(hides)}}, nil, &r)
}

// Status returns how the service is.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.do(ctx, http.MethodGet, "status", nil, nil, &s)
}

// actor is whom the kernel names at the other end of a socket's connection, as
// the audit log writes it.
func actor(c net.Conn) string {
	who := "?"
	if u, ok := c.(*net.UnixConn); ok {
		if raw, err := u.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) {
				if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
					who = strconv.FormatUint(uint64(cred.Uid), 10)
				}
			})
		}
	}
	if u, err := user.LookupId(who); err == nil {
		who = u.Username
	}
	return audit.Socket + who
}
