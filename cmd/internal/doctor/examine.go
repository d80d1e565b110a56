package doctor

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// How long is waited: for an answer, for what comes by itself, for an end.
const (
	patience = 10 * time.Second
	silence  = 3 * time.Second
	closing  = 5 * time.Second
)

// Account is a user of the server that may be used for tests.
type Account struct {
	JID      string // bare
	Password string
	Address  string // host:port; "" = where its domain's DNS says
}

// Service is what is needed of a service that runs.
type Service interface {
	// Meet makes a temporary group with jid as its member and returns its
	// address; end takes it away again.
	Meet(ctx context.Context, jid string) (group string, end func(), err error)
}

// Options say what to examine.
type Options struct {
	Link    component.Config // address, domain, host, secret and TLS are used
	Account *Account         // nil: none
	Sources []string         // addresses of who else keeps groups
	PubSub  string           // the service through which events leave; "" = none
	// Directories are those who keep groups and speak LDAP. They are read in any
	// case, the server's or not.
	Directories []Directory
	// Running is the service that holds the domain of Link now; nil: nobody
	// does, and Examine may attach with it.
	Running Service
	Origin  roster.Origin    // whence the service has the presence of the server's users
	Tell    func(Finding)    // gets each finding as it is made; nil: nobody does
	Now     func() time.Time // our clock; nil: time.Now
}

// exam is one examination.
type exam struct {
	Options
	report Report
	peer   *peer // the component; nil while it is not attached
	client *peer // the account; nil while it is not logged in
	group  string
	server kind

	managed      bool   // XEP-0356: we are told the presence of all users
	multicastJID string // "" = there is none
}

// Examine looks at the server and returns what it found. What ends early, by
// ctx or by the server, is a finding as well.
func Examine(ctx context.Context, o Options) *Report {
	e := &exam{Options: o, group: "doctor-" + strings.ToLower(rand.Text()[:10]) + "@" + o.Link.Domain}
	if e.Now == nil {
		e.Now = time.Now
	}
	defer func() {
		for _, p := range []*peer{e.client, e.peer} {
			if p != nil {
				p.close()
			}
		}
	}()
	e.directories(ctx)
	if !e.reach(ctx) {
		return &e.report
	}
	e.tls(ctx)
	if o.Running != nil {
		e.beside(ctx)
		return &e.report
	}
	if !e.attach(ctx) {
		return &e.report
	}
	e.about(ctx, e.peer, o.Link.Domain)
	e.sources(ctx)
	e.nodes(ctx)
	e.privilege(ctx)
	if e.login(ctx) {
		e.meet(ctx)
	}
	// From here on the connection may be another one, or gone: a second one
	// takes ejabberd's privileges away with it when it ends.
	e.conflict(ctx)
	e.size(ctx)
	e.multicastLimit(ctx)
	return &e.report
}

// beside examines what can be examined while the service holds the domain.
func (e *exam) beside(ctx context.Context) {
	e.tell(Finding{Check: "attach", Level: Note,
		Says: "the running service is attached as " + e.Link.Domain + ", so this examination is not",
		Means: "A second connection of the same domain would disturb the service. For all findings stop the service for a minute, " +
			"or give a second domain that the server knows: --domain and --secret-file."})
	if !e.login(ctx) {
		return
	}
	e.about(ctx, e.client, e.client.jid)
	e.endToEnd(ctx)
}

// about finds out what any entity may ask.
func (e *exam) about(ctx context.Context, asker *peer, from string) {
	if !e.host(ctx, asker, from) {
		return
	}
	e.clock(ctx, asker, from)
	e.services(ctx, asker, from)
}

func (e *exam) tell(f Finding) {
	e.report.Findings = append(e.report.Findings, f)
	if e.Tell != nil {
		e.Tell(f)
	}
}
