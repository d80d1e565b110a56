package lab

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab/fake"
)

// fakeServer is package fake's server as a [Server].
type fakeServer struct {
	base
	server *fake.Server
}

// StartFake starts the fake server of package fake, inside this process. Its
// clients do not use a port ([Server.C2SAddr] is ""), it keeps no log and has
// only one set of modules.
func StartFake(_ context.Context, opts Options) (Server, error) {
	opts, err := opts.withDefaults("fake")
	if err != nil {
		return nil, err
	}
	f := &fakeServer{base: base{name: "fake", opts: opts}}
	f.server = fake.New(fake.Config{
		Host: opts.Host, ComponentDomain: opts.ComponentDomain, Components: opts.Components, Secret: opts.Secret, Now: time.Now,
	})
	if err := f.server.Start(); err != nil {
		_ = os.RemoveAll(opts.Dir)
		return nil, err
	}
	f.compAddr = f.server.ComponentAddr()
	return f, nil
}

// DialC2S makes Login skip the negotiation.
func (f *fakeServer) DialC2S(_ context.Context, user, password, resource string) (net.Conn, string, error) {
	return f.server.Dial(user, password, resource)
}

func (f *fakeServer) AddUser(_ context.Context, user, password string) error {
	f.server.AddUser(user, password)
	return nil
}

func (f *fakeServer) Start(context.Context) error { return f.server.Start() }

func (f *fakeServer) Restart(context.Context) error {
	f.server.End(true)
	return f.server.Start()
}

func (f *fakeServer) Kill() error {
	f.server.End(false)
	return nil
}

func (f *fakeServer) Stop() error {
	f.server.End(true)
	return os.RemoveAll(f.opts.Dir)
}

func (f *fakeServer) Log() string { return "" }
func (f *fakeServer) PIDs() []int { return nil }
