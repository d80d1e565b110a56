package labtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// StartSecured starts an ejabberd whose component port speaks TLS. authority
// is a PEM file with the certificate to trust; it names the server's host.
func StartSecured(t testing.TB, opts lab.Options) (s lab.Server, authority string) {
	t.Helper()
	both, authority := Certificate(t, "example.org")
	opts.Extra.Component += "    tls: true\n    certfile: \"" + both + "\"\n"
	return Start(t, "ejabberd", opts), authority
}

// Certificate makes a self-signed certificate for name. both is a PEM file
// with certificate and key, alone one with the certificate.
func Certificate(t testing.TB, name string) (both, alone string) {
	t.Helper()
	fail := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fail(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	fail(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	fail(err)
	dir := t.TempDir()
	both, alone = filepath.Join(dir, "port.pem"), filepath.Join(dir, "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	fail(os.WriteFile(alone, text, 0o600))
	fail(os.WriteFile(both, append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), 0o600))
	return both, alone
}
