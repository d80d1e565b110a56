package fake

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Errors of [Server.Dial].
var (
	ErrNotAuthorized = errors.New("not-authorized")
	ErrNotRunning    = errors.New("server does not run")
)

// Config describes a server.
type Config struct {
	Host            string // domain of the users
	ComponentDomain string
	Components      []string // domains of more components; with the same secret
	Secret          string
	Now             func() time.Time // of delay stamps
}

// Server is the server. Its methods may be called concurrently.
type Server struct {
	cfg Config

	mu         sync.Mutex // everything below
	users      map[string]*user
	components map[string]*stream // attached, by domain
	streams    map[*stream]bool
	forComp    net.Listener // nil = not running
	compAddr   string       // kept while not running
	lastID     int

	running sync.WaitGroup // goroutines
}

// New returns a server that does not run yet.
func New(cfg Config) *Server {
	return &Server{cfg: cfg, users: make(map[string]*user), streams: make(map[*stream]bool), components: make(map[string]*stream), compAddr: "127.0.0.1:0"}
}

// Start opens the component's port: a free one at first, the same one later.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	comp, err := net.Listen("tcp", s.compAddr)
	if err != nil {
		return fmt.Errorf("start fake server: %w", err)
	}
	s.forComp, s.compAddr = comp, comp.Addr().String()
	s.running.Go(func() { s.acceptComponents(comp) })
	return nil
}

// End closes the port and all streams: in good order, or as if the machine
// had died. Users and their rosters stay.
func (s *Server) End(orderly bool) {
	s.mu.Lock()
	if s.forComp == nil {
		s.mu.Unlock()
		return
	}
	_ = s.forComp.Close()
	s.forComp = nil
	for st := range s.streams {
		if !orderly {
			st.abort()
		} else if st.user != nil {
			s.leave(st)
			st.finish("system-shutdown")
		}
	}
	if orderly {
		for _, st := range s.components {
			st.finish("system-shutdown")
		}
	}
	s.mu.Unlock()
	s.running.Wait()
}

// ComponentAddr is where the component connects.
func (s *Server) ComponentAddr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compAddr
}

// AddUser creates a user, or changes his password.
func (s *Server) AddUser(name, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[name]
	if u == nil {
		u = &user{bare: name + "@" + s.cfg.Host, contacts: make(map[string]*contact)}
		s.users[name] = u
	}
	u.password = password
}

// Dial logs a user in. The stream it returns is behind all negotiation: stanzas
// go both ways at once. A resource that is in use is taken over.
func (s *Server) Dial(name, password, resource string) (net.Conn, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forComp == nil {
		return nil, "", ErrNotRunning
	}
	u := s.users[name]
	if u == nil || u.password != password {
		return nil, "", ErrNotAuthorized
	}
	near, far := net.Pipe()
	if resource == "" {
		s.lastID++
		resource = fmt.Sprintf("r%d", s.lastID)
	}
	full := u.bare + "/" + resource
	if old := u.session(full); old != nil {
		s.leave(old)
		old.finish("conflict")
	}
	st := s.open(far)
	st.user, st.full = u, full
	u.sessions = append(u.sessions, st)
	s.running.Go(func() { s.serveClient(st) })
	return near, full, nil
}
