package discreet

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// address is what stands before an @, as far as a localpart may be there (RFC 7622
// §3.3.1), and a domain behind it.
var address = regexp.MustCompile(`[^\s"&'/:<>@]+@([^\s"&'/:<>@,;()=]*)`)

// Text is text without the names of users, but for those at a domain that is own:
// groups, whose addresses escape nobody else's (XEP-0106).
func Text(text, own string) string {
	if strings.IndexByte(text, '@') < 0 {
		return text
	}
	return address.ReplaceAllStringFunc(text, func(whole string) string {
		name, domain, _ := strings.Cut(whole, "@")
		if domain == own && own != "" && !strings.Contains(name, `\40`) {
			return whole
		}
		return "…@" + domain
	})
}

// Handler hands on what is logged, without the names of users from info on.
type Handler struct {
	to  slog.Handler
	own string
}

// New returns a handler that hands on to to. own is the domain of our groups.
func New(to slog.Handler, own string) *Handler { return &Handler{to: to, own: own} }

// Enabled implements [slog.Handler].
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.to.Enabled(ctx, l) }

// Handle implements [slog.Handler].
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return h.to.Handle(ctx, r)
	}
	masked := slog.NewRecord(r.Time, r.Level, Text(r.Message, h.own), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		masked.AddAttrs(h.attr(a))
		return true
	})
	return h.to.Handle(ctx, masked)
}

// WithAttrs implements [slog.Handler]: what every line says is masked at all
// levels.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	masked := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		masked[i] = h.attr(a)
	}
	return New(h.to.WithAttrs(masked), h.own)
}

// WithGroup implements [slog.Handler].
func (h *Handler) WithGroup(name string) slog.Handler { return New(h.to.WithGroup(name), h.own) }

func (h *Handler) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Text(v.String(), h.own))
	case slog.KindGroup:
		var all []slog.Attr
		for _, one := range v.Group() {
			all = append(all, h.attr(one))
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(all...)}
	case slog.KindAny:
		said := fmt.Sprint(v.Any())
		if b, is := v.Any().([]byte); is {
			said = string(b)
		}
		if text := Text(said, h.own); text != said {
			return slog.String(a.Key, text)
		}
	}
	return slog.Attr{Key: a.Key, Value: v}
}
