package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// writeCertificate writes a certificate for name, signed by itself, with its
// key.
func writeCertificate(t *testing.T, name string) (file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	file = filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A password is not said to a server that cannot prove who it is, nor without
// encryption.
func TestWatchTLS(t *testing.T) {
	ours, other := writeCertificate(t, "example.org"), writeCertificate(t, "example.org")
	s := labtest.Start(t, "prosody", lab.Options{Certificate: ours})
	if err := s.AddUser(t.Context(), "anna", "secret"); err != nil {
		t.Fatal(err)
	}
	plain := house.Server(t, "prosody")
	for _, test := range []struct{ flags, server, want string }{
		{"--ca-file " + ours, s.C2SAddr(), "ask team@groups.example.org: "}, // nobody is attached there: it is logged in
		{"--ca-file " + other, s.C2SAddr(), "certificate"},
		{"", s.C2SAddr(), "certificate"},
		{"--ca-file " + ours, plain.C2SAddr(), "the server offers no TLS"},
	} {
		var errs bytes.Buffer
		m := Main{Stdout: &errs, Stderr: &errs, Getenv: func(name string) string {
			return map[string]string{"ROLLCALL_ACCOUNT": "anna@example.org", "ROLLCALL_PASSWORD": "secret"}[name]
		}}
		code := m.Run(t.Context(), append([]string{"watch", "team@groups.example.org", "--server", test.server}, strings.Fields(test.flags)...))
		if code != exitFailed || !strings.Contains(errs.String(), test.want) {
			t.Errorf("%s: exit %d: %s", test.flags, code, errs.String())
		}
	}
}
