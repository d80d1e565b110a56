package component

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// refuse answers the next handshake with a stream error.
func (s *server) refuse(t testing.TB, said string) {
	conn := <-s.conns
	r := greet(t, conn)
	if _, err := r.ReadString('/'); err == nil {
		_, err = r.ReadString('>')
		if err != nil {
			t.Error(err)
		}
	}
	write(t, conn, "<stream:error>"+said+"</stream:error>")
	conn.Close()
}

const inStreams = " xmlns='urn:ietf:params:xml:ns:xmpp-streams'"

func TestDialWrongSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		_, h, stop := start(t, s.config())
		s.refuse(t, "<not-authorized"+inStreams+"/><text"+inStreams+">Given token does not match</text>")
		<-h.over
		err := stop()
		if !errors.Is(err, ErrSecret) || s.dialed.Load() != 1 {
			t.Errorf("Run = %v after %d attempts", err, s.dialed.Load())
		}
		const want = "component: the server refused the secret for groups.example.org: stream error not-authorized: Given token does not match"
		if err.Error() != want {
			t.Errorf("says %q", err)
		}
	})
}

// These may be over when we try again.
func TestDialRefusedForNow(t *testing.T) {
	for _, condition := range []string{"conflict", "host-unknown", "system-shutdown", "see-other-host"} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			began := time.Now()
			_, h, stop := start(t, s.config())
			for range 3 {
				s.refuse(t, "<"+condition+inStreams+"/>")
			}
			p := s.accept(t, "")
			p.ping("1")
			if d := time.Since(began); d < 1500*time.Millisecond || d > 4*time.Second {
				t.Errorf("%s: attached after %v", condition, d)
			}
			if len(h.ends) > 0 {
				t.Errorf("%s: detached before it attached: %v", condition, h.ends)
			}
			p.leave(stop)
		})
	}
}

// What comes in the same packet as the end of the handshake is not lost.
func TestDialReadsNothingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		_, h, stop := start(t, s.config())
		p := s.accept(t, "<message from='example.org' to='groups.example.org'/>"+pingFrom("1"))
		p.expect(pongTo("1"))
		if len(h.heard) != 2 {
			t.Errorf("heard %q", h.heard)
		}
		p.leave(stop)
	})
}

func TestDialMuteServer(t *testing.T) {
	for what, half := range map[string]bool{"from the start": false, "after the header": true} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			l := NewLink(s.config())
			go func() {
				for conn := range s.conns {
					if half {
						greet(t, conn)
					}
					go io.Copy(io.Discard, conn) // returns when it is closed
				}
			}()
			began := time.Now()
			_, err := dial(t.Context(), l.cfg)
			if d := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || d != 10*time.Second {
				t.Errorf("mute %s: %v after %v", what, err, d)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began = time.Now()
			if err := l.Run(ctx, &life{link: l}); err != nil || time.Since(began) != time.Second {
				t.Errorf("mute %s: Run = %v, %v after the end of its context", what, err, time.Since(began)-time.Second)
			}
			close(s.conns)
		})
	}
}

func TestDialBadConfiguration(t *testing.T) {
	s := newServer()
	cfg := s.config()
	cfg.Domain = "a@@b"
	if err := NewLink(cfg).Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "a@@b") {
		t.Errorf("bad domain: %v", err)
	}
	cfg = s.config()
	cfg.Secret = func() ([]byte, error) { return nil, io.ErrUnexpectedEOF }
	if err := NewLink(cfg).Run(t.Context(), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("unreadable secret: %v", err)
	}
	if s.dialed.Load() != 0 {
		t.Error("dialled")
	}
}

// certificate returns a self-signed one for name.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestDialTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, pool := certificate(t, "server.example.org")
		s, secured := newServer(), newServer()
		cfg := s.config()
		cfg.TLS = &tls.Config{RootCAs: pool}
		_, _, stop := start(t, cfg)
		conn := <-s.conns
		go func() {
			secured.conns <- tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		}()
		p := secured.accept(t, "")
		p.ping("1")
		p.leave(stop)
	})
}

func TestDialTLSWrongName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, pool := certificate(t, "other.example.org")
		s := newServer()
		cfg := s.config()
		cfg.TLS = &tls.Config{RootCAs: pool}
		go func() {
			conn := <-s.conns
			tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake()
			conn.Close()
		}()
		_, err := dial(t.Context(), NewLink(cfg).cfg)
		var name x509.HostnameError
		if !errors.As(err, &name) || name.Host != "server.example.org" {
			t.Errorf("dial = %v", err)
		}
	})
}

// Over a real socket, where closed ends behave differently from a pipe's.
func TestDialLoopback(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	s := newServer()
	go func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				close(s.conns)
				return
			}
			s.conns <- conn
		}
	}()
	cfg := s.config()
	cfg.Addr, cfg.Dial = lis.Addr().String(), nil
	_, h, stop := start(t, cfg)
	p := s.accept(t, pingFrom("0"))
	p.expect(pongTo("0"))
	p.conn.Close() // a restart of the server
	p = s.accept(t, "")
	p.ping("1")
	p.send("</stream:stream>")
	p.conn.Close()
	s.refuse(t, "<not-authorized"+inStreams+"/>")
	<-h.over
	lis.Close()
	if _, more := <-s.conns; more {
		t.Error("dialled after the secret was refused")
	}
	if err := stop(); !errors.Is(err, ErrSecret) {
		t.Errorf("Run = %v", err)
	}
}
