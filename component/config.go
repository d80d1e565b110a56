package component

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"
)

// Config says how to reach the server. Addr, Domain and Secret are required.
type Config struct {
	Addr   string // host:port of the server's component port
	Domain string // ours
	// ServerHost is a host of the server that answers pings (XEP-0199), for
	// markers. Empty: our own domain; the ping then comes back to us, which is
	// as good as long as no other connection serves the same domain.
	ServerHost string
	Secret     func() ([]byte, error) // asked at each attempt
	TLS        *tls.Config            // nil: plain TCP. ServerName defaults to Addr's host

	MaxStanza int // inbound, bytes; 1 MiB
	MaxDepth  int // inbound, nested elements; 100
	Window    int // bytes of bulk the server may hold; 64 KiB, more if it is fast
	MaxWindow int // as much as that at most; 256 KiB, but Window where only that is set
	Slice     int // bytes of bulk in one write; 64 KiB

	DialTimeout  time.Duration // connect and handshake; 10 s
	WriteTimeout time.Duration // one write; 30 s
	Keepalive    time.Duration // between markers on an idle link; 60 s
	Patience     time.Duration // for a marker's answer, then the server is stuck; 60 s
	Grace        time.Duration // for an orderly end; 5 s

	Log  *slog.Logger // nil: nothing is logged
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func orElse[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c Config) withDefaults() *Config {
	orElse(&c.ServerHost, c.Domain)
	orElse(&c.MaxStanza, 1<<20)
	orElse(&c.MaxDepth, 100)
	if c.Window == 0 {
		orElse(&c.MaxWindow, 256<<10)
	}
	orElse(&c.Window, 64<<10)
	orElse(&c.Slice, 64<<10)
	orElse(&c.DialTimeout, 10*time.Second)
	orElse(&c.WriteTimeout, 30*time.Second)
	orElse(&c.Keepalive, time.Minute)
	orElse(&c.Patience, time.Minute)
	orElse(&c.Grace, 5*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	return &c
}
