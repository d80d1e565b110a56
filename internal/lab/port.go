package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports a server is given. They lie below the range that systems hand out
// for outgoing connections (32768 and up on Linux): while a server restarts,
// nobody may get its port by chance, not even a client that redials it and
// would then be connected to itself.
const (
	lowestPort  = 20000
	highestPort = 32000
)

var errNoPort = errors.New("no free port")

// port is a port number of 127.0.0.1 that this process has claimed: other
// laboratories keep off it, also while its server is down.
type port struct {
	number int
	claim  net.Listener // of the same port at another loopback address; nil where there is none
}

// claimPorts finds n ports that nobody listens on.
func claimPorts(n int) ([]port, error) {
	var ports []port
	for range 1000 {
		p := port{number: lowestPort + rand.IntN(highestPort-lowestPort)}
		if !p.take() {
			continue
		}
		if ports = append(ports, p); len(ports) == n {
			return ports, nil
		}
	}
	releasePorts(ports)
	return nil, fmt.Errorf("find %d ports in %d-%d: %w", n, lowestPort, highestPort, errNoPort)
}

// take claims the port and reports whether it was free.
func (p *port) take() bool {
	number := strconv.Itoa(p.number)
	claim, err := net.Listen("tcp", net.JoinHostPort("127.0.0.2", number))
	if err != nil && hasSecondLoopback() {
		return false
	}
	probe, err := net.Listen("tcp", p.addr())
	if err != nil {
		if claim != nil {
			_ = claim.Close()
		}
		return false
	}
	p.claim = claim
	return probe.Close() == nil
}

func (p *port) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.number)) }

func releasePorts(ports []port) {
	for _, p := range ports {
		if p.claim != nil {
			_ = p.claim.Close()
		}
	}
}

// hasSecondLoopback says whether all of 127.0.0.0/8 is ours, as on Linux.
func hasSecondLoopback() bool {
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		return false
	}
	return l.Close() == nil
}
