package hook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

const (
	maxAnswer  = 4 << 10  // bytes read of an answer's body
	maxHeaders = 16 << 10 // and of its header
)

// result is how a post ended. The line comment is its name among the metrics.
type result uint8

// The results.
const (
	accepted    result = iota // accepted: 2xx
	rejected                  // rejected: any other answer
	unreachable               // unreachable: no connection, or none that may be
	late                      // timeout
	broken                    // broken: the connection ended before an answer
)

var resultNames = [...]string{"accepted", "rejected", "unreachable", "timeout", "broken"}

func (r result) String() string { return resultNames[r] }

// outcome is what came of a post.
type outcome struct {
	result result
	status int           // of the answer, 0 = there was none
	after  time.Duration // how long the receiver wants to be left alone
	err    error         // for the log of the service; may name addresses
}

// say is the outcome for the admins of a group. It does not tell how a name
// was resolved, or what there is in the service's own network.
func (o *outcome) say() string {
	switch o.result {
	case accepted, rejected:
		return "it answered " + strconv.Itoa(o.status)
	case unreachable:
		return "it cannot be reached"
	case late:
		return "it did not answer in time"
	}
	return "it ended the connection"
}

// body is what is posted.
type body struct {
	id   string
	kind string // Content-Type
	text []byte
}

// dial makes the connection that one post goes over.
func (k *Keeper) dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	plain := u.Scheme == "http"
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "80", false: "443"}[plain]
	}
	d := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error { return k.guard.check(address, plain) }}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || plain {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), RootCAs: k.cfg.Roots, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// post sends b over conn and closes it.
func (k *Keeper) post(ctx context.Context, conn net.Conn, u *url.URL, secret string, b *body) outcome {
	defer conn.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(b.text))
	if err != nil {
		return outcome{result: unreachable, err: fmt.Errorf("make request: %w", err)}
	}
	now := k.cfg.Now()
	req.Header.Set("Content-Type", b.kind)
	req.Header.Set("User-Agent", "Rollcall/"+k.cfg.Version)
	req.Header.Set("Webhook-Id", b.id)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", sign(secret, b.id, now, b.text))
	resp, err := over(conn).RoundTrip(req)
	if err != nil {
		return failed(ctx, broken, err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // so that a well-behaved receiver sees its answer taken
	o := outcome{result: rejected, status: resp.StatusCode, after: retryAfter(resp.Header.Get("Retry-After"), now)}
	if resp.StatusCode/100 == 2 {
		o.result = accepted
	}
	return o
}

// over is HTTP over one connection that stands already.
func over(conn net.Conn) *http.Transport {
	take := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	return &http.Transport{DialContext: take, DialTLSContext: take, DisableKeepAlives: true, DisableCompression: true,
		MaxResponseHeaderBytes: maxHeaders}
}

func failed(ctx context.Context, r result, err error) outcome {
	var slow net.Error
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout() {
		r = late
	}
	return outcome{result: r, err: err}
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3); nonsense is nothing.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(min(max(n, 0), 1<<20)) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
