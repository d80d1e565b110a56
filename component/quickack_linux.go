package component

import (
	"net"
	"syscall"
)

// promptly makes conn acknowledge at once what it has read. Prosody collects
// small writes while an acknowledgement is due (Nagle's algorithm), and Linux
// takes 40 ms over one when there is nothing to send along: every change of
// presence would be late by that.
func promptly(conn net.Conn) net.Conn {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return conn
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return conn
	}
	return &promptConn{Conn: conn, raw: raw, set: func(fd uintptr) {
		// An error is no harm: it will be late, as without us.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	}}
}

type promptConn struct {
	net.Conn
	raw syscall.RawConn
	set func(fd uintptr)
}

// Read sets the option each time: the kernel takes it back.
func (c *promptConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil {
		_ = c.raw.Control(c.set)
	}
	return n, err
}
