package doctor

import (
	"context"
	"net"
	"slices"
)

// PlainLinkRemedy is what can be done where [LeavesMachine] says yes.
const PlainLinkRemedy = "on ejabberd give the listener tls: true and a certfile, and set tls = true below [server]; " +
	"for Prosody, whose component port has no TLS, use a tunnel (WireGuard, stunnel, ssh -L) that ends on 127.0.0.1"

// LeavesMachine says whether a connection to address (host:port) leaves this
// machine, as far as its addresses tell. A name that cannot be looked up does.
func LeavesMachine(ctx context.Context, address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false // nothing that could be connected to
	}
	addrs, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return true
	}
	own, _ := net.InterfaceAddrs() // without them, loopback is all we know
	return slices.ContainsFunc(addrs, func(a net.IPAddr) bool {
		return !a.IP.IsLoopback() && !slices.ContainsFunc(own, func(o net.Addr) bool {
			n, ok := o.(*net.IPNet)
			return ok && n.IP.Equal(a.IP)
		})
	})
}
