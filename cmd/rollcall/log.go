package main

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

// logSwitch is a log handler whose level and format change while it is used.
// What is derived from it (WithAttrs, WithGroup) changes with it.
type logSwitch struct {
	text, json slog.Handler
	state      *logState
}

type logState struct {
	level  slog.LevelVar
	asJSON atomic.Bool
}

func newLogSwitch(w io.Writer, c config.Log) *logSwitch {
	state := &logState{}
	options := &slog.HandlerOptions{Level: &state.level}
	h := &logSwitch{text: slog.NewTextHandler(w, options), json: slog.NewJSONHandler(w, options), state: state}
	h.set(c)
	return h
}

func newLog(w io.Writer, c config.Log) *slog.Logger { return slog.New(newLogSwitch(w, c)) }

func (h *logSwitch) set(c config.Log) {
	h.state.level.Set(c.Level)
	h.state.asJSON.Store(c.Format == "json")
}

func (h *logSwitch) current() slog.Handler {
	if h.state.asJSON.Load() {
		return h.json
	}
	return h.text
}

// Enabled implements [slog.Handler].
func (h *logSwitch) Enabled(_ context.Context, l slog.Level) bool { return l >= h.state.level.Level() }

// Handle implements [slog.Handler].
func (h *logSwitch) Handle(ctx context.Context, r slog.Record) error {
	return h.current().Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h *logSwitch) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logSwitch{h.text.WithAttrs(attrs), h.json.WithAttrs(attrs), h.state}
}

// WithGroup implements [slog.Handler].
func (h *logSwitch) WithGroup(name string) slog.Handler {
	return &logSwitch{h.text.WithGroup(name), h.json.WithGroup(name), h.state}
}
