package hook

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The example of the specification's own libraries.
func TestSign(t *testing.T) {
	got := sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if a, b := NewSecret(), NewSecret(); a == b || !strings.HasPrefix(a, "whsec_") || len(a) != len("whsec_")+44 {
		t.Errorf("secrets %s, %s", a, b)
	}
}

func TestGuard(t *testing.T) {
	g := guard{[]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}}
	for address, want := range map[string]string{
		"9.9.9.9:443": "tls", "[2606:4700::1]:443": "tls",
		"10.1.2.3:443": "any", "[fd00:1::5]:80": "any", "[::ffff:10.1.2.3]:80": "any",
		"10.2.0.1:443": "", "127.0.0.1:443": "", "0.0.0.0:443": "", "169.254.169.254:80": "", "192.168.1.1:443": "", "172.16.0.1:443": "",
		"100.64.0.1:443": "", "192.0.0.1:443": "", "198.18.0.1:443": "", "224.0.0.1:443": "", "255.255.255.255:443": "", "240.0.0.1:443": "",
		"[::1]:443": "", "[::]:443": "", "[fe80::1%eth0]:443": "", "[fc00::1]:443": "", "[ff02::1]:443": "", "[::ffff:127.0.0.1]:443": "",
		"[64:ff9b::7f00:1]:443": "", "[2002:7f00:1::]:443": "", "[2001:db8::1]:443": "", "[fec0::1]:443": "", "x:443": "",
	} {
		got := ""
		if g.check(address, false) == nil {
			got = "tls"
		}
		if g.check(address, true) == nil {
			got = "any"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "5": 5 * time.Second, "-5": 0, "soon": 0,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
