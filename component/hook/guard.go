package hook

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Why an address is not reached.
var (
	errPrivate = errors.New("the address is not a public one, and not in webhooks.networks")
	errPlain   = errors.New("http: without encryption is only for webhooks.networks")
)

// special are networks that lead elsewhere than to a public address of
// somebody else (RFC 6890 and its registries), beside those that netip knows.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // the next ones may hold a private IPv4 address
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("fec0::/10"),
}

// guard says which addresses may be reached. It looks at the one that is
// connected to, whatever a name said before.
type guard struct{ networks []netip.Prefix }

// check takes host:port as a dialer has it.
func (g *guard) check(address string, plain bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	a := ap.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(g.networks, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return nil
	}
	switch {
	case plain:
		return errPlain
	case !a.IsGlobalUnicast() || a.IsPrivate():
		return errPrivate
	case slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) }):
		return errPrivate
	}
	return nil
}
