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
	return err != nil || slices.ContainsFunc(addrs, func(a net.IPAddr) bool { return !a.IP.IsLoopback() && !ours(a) })
}

// ours: the way to an address of this machine begins at that address. Nothing
// is sent, and unlike the list of interfaces it can be had in a sandbox.
func ours(a net.IPAddr) bool {
	conn, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: a.IP, Port: 9, Zone: a.Zone})
	if err != nil {
		return false
	}
	defer conn.Close()
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	return ok && local.IP.Equal(a.IP)
}
