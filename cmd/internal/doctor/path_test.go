package doctor

import (
	"net"
	"testing"
)

func TestLeavesMachine(t *testing.T) {
	cases := map[string]bool{"127.0.0.1:5347": false, "127.0.0.2:5347": false, "[::1]:5347": false, "localhost:5347": false,
		"192.0.2.1:5347": true, "no.such.host.invalid:5347": true}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			cases[net.JoinHostPort(n.IP.String(), "5347")] = false
		}
	}
	for address, want := range cases {
		if got := LeavesMachine(t.Context(), address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
