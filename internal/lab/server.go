package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
)

// Server is one private XMPP server. All methods may be called concurrently,
// but a caller that stops a server others use should expect their errors.
type Server interface {
	// Name says what it is: `prosody`, `ejabberd` or `fake`.
	Name() string
	// Host is the domain of its users, such as `example.org`.
	Host() string
	// ComponentDomain is the domain that a component may attach as.
	ComponentDomain() string
	// Secret is the component's (XEP-0114 §3).
	Secret() string
	// C2SAddr is where clients connect, as `127.0.0.1:port`, without TLS.
	C2SAddr() string
	// ComponentAddr is where the component connects, as `127.0.0.1:port`.
	ComponentAddr() string
	// AddUser creates user@Host. An existing user gets the new password.
	AddUser(ctx context.Context, user, password string) error
	// Start starts it again after [Server.Kill].
	Start(ctx context.Context) error
	// Restart ends it in good order and starts it again.
	Restart(ctx context.Context) error
	// Kill ends it with SIGKILL: no stream is closed, nothing is written.
	Kill() error
	// Stop ends it in good order, for good, and removes its directory.
	Stop() error
	// Log is the path of its log, "" if it keeps none.
	Log() string
	// PIDs are its processes, for measurements; none when it runs within
	// this process or does not run.
	PIDs() []int
}

// Modules says how much a server does beside routing.
type Modules string

const (
	// Full is what an ordinary installation has: PEP, vCards, carbons, offline
	// storage, blocking, privacy, a MUC and a PubSub service. The default.
	Full Modules = "full"
	// Minimal is rosters, presence, disco and ping, for benchmarks.
	Minimal Modules = "minimal"
)

// Options describe a server to start. The zero value is a good one.
type Options struct {
	Dir             string   // its own directory, made if missing, removed by Stop; "" = a temporary one
	Host            string   // domain of the users; "" = example.org
	ComponentDomain string   // "" = groups.<Host>
	Components      []string // domains of more components, which attach at the same address with the same secret
	Secret          string   // of the component; "" = `secret`
	LogLevel        string   // debug (logs every stanza), info, warn or error; "" = info
	Modules         Modules  // "" = Full
	Certificate     string   // file with certificate and key: users log in with STARTTLS only (Prosody); "" = without TLS
	Extra           Extra    // what this one server has beside
}

// Extra are lines of a server's own configuration language, as they are. The
// fake server has no use for them.
type Extra struct {
	Global     string // Prosody: above the hosts; ejabberd: at the top level
	Host       string // Prosody: in the VirtualHost of the users
	Component  string // Prosody: in our Component; ejabberd: in its listener (indented by 4)
	Components string // Prosody: in each of [Options].Components
	Modules    string // ejabberd: in the list of modules (indented by 2)
	ACL        string // ejabberd: in the list of acl (indented by 2)
	Rules      string // ejabberd: in the list of access_rules (indented by 2)
}

// startTime bounds one start of a server: ejabberd takes seconds on a busy
// machine.
const startTime = 90 * time.Second

// stopTime is how long a server may take to end in good order before it is
// killed.
const stopTime = 15 * time.Second

func (o Options) withDefaults(name string) (Options, error) {
	if o.Host == "" {
		o.Host = "example.org"
	}
	if o.ComponentDomain == "" {
		o.ComponentDomain = "groups." + o.Host
	}
	if o.Secret == "" {
		o.Secret = "secret"
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
	if o.Modules == "" {
		o.Modules = Full
	}
	var err error
	if o.Dir == "" {
		o.Dir, err = os.MkdirTemp("", "rollcall-"+name+"-")
	} else {
		err = os.MkdirAll(o.Dir, 0o700)
	}
	if err != nil {
		return o, fmt.Errorf("make directory of %s: %w", name, err)
	}
	return o, nil
}

// base is what the servers have in common: the answers that never change.
type base struct {
	name     string
	opts     Options
	c2s      string
	compAddr string
}

func (b *base) Name() string            { return b.name }
func (b *base) Host() string            { return b.opts.Host }
func (b *base) ComponentDomain() string { return b.opts.ComponentDomain }
func (b *base) Secret() string          { return b.opts.Secret }
func (b *base) C2SAddr() string         { return b.c2s }
func (b *base) ComponentAddr() string   { return b.compAddr }

// awaitPort returns when addr accepts connections, or with an error when
// ended is closed first.
func awaitPort(ctx context.Context, addr string, ended <-chan struct{}) error {
	var dialer net.Dialer
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ended:
			return fmt.Errorf("await %s: the server ended", addr)
		case <-ctx.Done():
			return fmt.Errorf("await %s: %w", addr, ctx.Err())
		case <-tick.C:
		}
	}
}
