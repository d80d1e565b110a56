package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// maxBody is the largest request body: some thousands of members at once.
const maxBody = 1 << 20

// handler answers one kind of request: with a value to show, nil for nothing,
// or an error.
type handler func(b Backend, r *http.Request) (any, error)

// New is the handler of the admin socket. Errors that are the service's own
// fault go to log as well as to the caller.
func New(b Backend, log *slog.Logger, extras ...Extra) http.Handler {
	mux := http.NewServeMux()
	routes := map[string]handler{
		"GET /groups":    listGroups,
		"POST /groups":   createGroup,
		"GET /group":     showGroup,
		"PATCH /group":   changeGroup,
		"DELETE /group":  deleteGroup,
		"POST /members":  addMembers,
		"PATCH /member":  changeMember,
		"DELETE /member": removeMember,
		"GET /policy":    showPolicy,
		"PUT /policy":    setPolicy,
		"GET /view":      viewGroup,
	}
	for _, extra := range extras {
		extra(routes, mux)
	}
	for pattern, h := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			limit := int64(maxBody)
			if pattern == importing {
				limit = maxImport
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			answer, err := h(b, r)
			if err != nil {
				status, f := toWire(err)
				if status == http.StatusInternalServerError {
					log.Error("admin request", "request", pattern, "error", err)
				}
				write(w, status, f)
				return
			}
			write(w, http.StatusOK, answer)
		})
	}
	return mux
}

func listGroups(b Backend, r *http.Request) (any, error) {
	names, err := b.ListGroups(r.Context())
	list := GroupList{Groups: make([]NamedGroup, len(names))}
	for i, name := range names {
		list.Groups[i].Name = name
	}
	return list, err
}

func createGroup(b Backend, r *http.Request) (any, error) {
	var body newGroup
	if err := read(r, &body); err != nil {
		return nil, err
	}
	rec := &roster.GroupRecord{Name: body.Name}
	if err := body.apply(&rec.Settings); err != nil {
		return nil, err
	}
	return nil, b.CreateGroup(r.Context(), rec)
}

func showGroup(b Backend, r *http.Request) (any, error) {
	rec, err := b.ShowGroup(r.Context(), r.URL.Query().Get("name"))
	if err != nil {
		return nil, err
	}
	return shapeGroup(rec), nil
}

func changeGroup(b Backend, r *http.Request) (any, error) {
	var change GroupChange
	if err := read(r, &change); err != nil {
		return nil, err
	}
	return nil, b.UpdateGroup(r.Context(), r.URL.Query().Get("name"), change.apply)
}

func deleteGroup(b Backend, r *http.Request) (any, error) {
	return nil, b.DeleteGroup(r.Context(), r.URL.Query().Get("name"))
}

func addMembers(b Backend, r *http.Request) (any, error) {
	var body newMembers
	if err := read(r, &body); err != nil {
		return nil, err
	}
	members := make([]roster.MemberRecord, len(body.Members))
	for i, m := range body.Members {
		var err error
		if members[i], err = m.record(); err != nil {
			return nil, err
		}
	}
	return nil, b.AddMembers(r.Context(), r.URL.Query().Get("group"), members...)
}

func changeMember(b Backend, r *http.Request) (any, error) {
	var change MemberChange
	if err := read(r, &change); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	return nil, b.UpdateMember(r.Context(), q.Get("group"), q.Get("jid"), change.apply)
}

func removeMember(b Backend, r *http.Request) (any, error) {
	q := r.URL.Query()
	return nil, b.RemoveMember(r.Context(), q.Get("group"), q.Get("jid"))
}

// read decodes the one JSON value of the body.
func read(r *http.Request, to any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%w: %w", errRequest, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the value", errRequest)
	}
	return nil
}

// write answers with v as JSON. A caller who has gone needs no answer.
func write(w http.ResponseWriter, status int, v any) {
	if v == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}
