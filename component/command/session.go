package command

import (
	"container/list"
	"crypto/rand"
	"strings"
	"sync"
	"time"
)

// Bounds of the sessions that wait for a form to come back. Who begins more
// loses his oldest; when there are too many in all the oldest goes.
const (
	maxSessions     = 4096
	maxUserSessions = 8
	sessionTime     = 30 * time.Minute
)

// session is a form that somebody has before him.
type session struct {
	id   string
	from string // full JID: nobody else's
	bare string
	to   string
	node string
	ends time.Time

	// first is what was said in the first of two forms, nil while that is
	// before him. Only the worker of the group, or of the service, looks at it.
	first values
}

// sessions are kept in the order in which they end.
type sessions struct {
	now func() time.Time

	mu    sync.Mutex
	order *list.List // of *session
	byID  map[string]*list.Element
	users map[string]int // how many, by bare JID
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, order: list.New(), byID: map[string]*list.Element{}, users: map[string]int{}}
}

// begin opens a session for a form that is sent to c.
func (s *sessions) begin(c *call, node string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for e := s.order.Front(); e != nil && !now.Before(e.Value.(*session).ends); e = s.order.Front() {
		s.drop(e)
	}
	if s.users[c.bare] >= maxUserSessions {
		for e := s.order.Front(); e != nil; e = e.Next() {
			if e.Value.(*session).bare == c.bare {
				s.drop(e)
				break
			}
		}
	}
	if s.order.Len() >= maxSessions {
		s.drop(s.order.Front())
	}
	x := &session{id: newID(), from: c.from, bare: c.bare, to: c.to, node: node, ends: now.Add(sessionTime)}
	s.byID[x.id] = s.order.PushBack(x)
	s.users[c.bare]++
	return x
}

// find returns the session of that id if it is c's, about node. It stays.
func (s *sessions) find(c *call, node, id string) (x *session, expired bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id]
	if e == nil {
		return nil, false
	}
	x = e.Value.(*session)
	if x.from != c.from || x.to != c.to || x.node != node {
		return nil, false
	}
	if !s.now().Before(x.ends) {
		s.drop(e)
		return nil, true
	}
	return x, false
}

// end closes a session.
func (s *sessions) end(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.byID[x.id]; e != nil {
		s.drop(e)
	}
}

func (s *sessions) drop(e *list.Element) {
	x := s.order.Remove(e).(*session)
	delete(s.byID, x.id)
	if s.users[x.bare]--; s.users[x.bare] == 0 {
		delete(s.users, x.bare)
	}
}

// newID is an id that cannot be guessed.
func newID() string { return strings.ToLower(rand.Text()) }
