package component_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

func dialled(t *testing.T, s lab.Server, c *tls.Config) error {
	t.Helper()
	conn, err := component.Dial(t.Context(), component.Config{Addr: s.ComponentAddr(), Domain: s.ComponentDomain(), TLS: c,
		Secret: func() ([]byte, error) { return []byte(s.Secret()), nil }})
	if err == nil {
		err = conn.Close()
	}
	return err
}

// Whether a port speaks TLS is the commonest thing to get wrong, and the
// errors of both sides are about anything else.
func TestRealTLS(t *testing.T) {
	s, authority := labtest.StartSecured(t, lab.Options{Modules: lab.Minimal})
	pem, err := os.ReadFile(authority)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	if err := dialled(t, s, &tls.Config{RootCAs: pool, ServerName: "example.org"}); err != nil {
		t.Error(err)
	}
	if err := dialled(t, s, nil); !errors.Is(err, component.ErrWantsTLS) {
		t.Errorf("without TLS: %v", err)
	}
	for _, name := range []string{"prosody", "ejabberd"} {
		if err := dialled(t, house.Server(t, name), &tls.Config{RootCAs: pool}); !errors.Is(err, component.ErrNoTLS) {
			t.Errorf("%s, with TLS: %v", name, err)
		}
	}
}
