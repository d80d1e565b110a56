package directory

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// fake is a directory that answers as a test says.
type fake struct {
	url    string
	answer func(q *question) // nil: as one that is empty would

	mu    sync.Mutex
	asked []string // operations, and whose
	conns []net.Conn
}

// question is one request.
type question struct {
	conn       net.Conn
	id         int64
	op         ber.Tag
	base       string
	attributes []string
	cookie     string
}

func newFake(t *testing.T, answer func(q *question)) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{url: "ldap://" + l.Addr().String(), answer: answer}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			all.Go(func() { f.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for _, c := range f.conns {
			c.Close()
		}
		f.mu.Unlock()
		all.Wait()
	})
	return f
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	for {
		p, err := ber.ReadPacket(c)
		if err != nil || len(p.Children) < 2 {
			return
		}
		q := &question{conn: c, id: p.Children[0].Value.(int64), op: p.Children[1].Tag}
		what := fmt.Sprint(q.op)
		if q.op == ldap.ApplicationSearchRequest {
			q.base = p.Children[1].Children[0].Value.(string)
			for _, a := range p.Children[1].Children[7].Children {
				q.attributes = append(q.attributes, a.Value.(string))
			}
			if len(p.Children) > 2 {
				if control, err := ldap.DecodeControl(p.Children[2].Children[0]); err == nil {
					if paging, ok := control.(*ldap.ControlPaging); ok {
						q.cookie = string(paging.Cookie)
					}
				}
			}
			what = "search " + q.base
		}
		f.mu.Lock()
		f.asked = append(f.asked, what)
		f.mu.Unlock()
		switch {
		case q.op == ldap.ApplicationUnbindRequest:
			return
		case q.op == ldap.ApplicationBindRequest:
			q.done(ldap.ApplicationBindResponse, 0, "")
		case q.op == ldap.ApplicationExtendedRequest:
			q.done(ldap.ApplicationExtendedResponse, 2, "")
		case q.base == "" || len(q.attributes) == 1: // who it is, and its stamp
			q.done(ldap.ApplicationSearchResultDone, 0, "")
		default:
			f.answer(q)
		}
	}
}

func (f *fake) said() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.asked, ", ")
}

// ofGroups says whether groups are asked for.
func (q *question) ofGroups() bool {
	return strings.Contains(strings.Join(q.attributes, " "), attrMemberUID)
}

func (q *question) send(op *ber.Packet, controls ...ldap.Control) {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, q.id, ""))
	p.AppendChild(op)
	if len(controls) > 0 {
		all := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			all.AppendChild(c.Encode())
		}
		p.AppendChild(all)
	}
	_, _ = q.conn.Write(p.Bytes()) // who does not listen any more need not
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// done ends an answer; cookie says that there is another page.
func (q *question) done(tag ber.Tag, code int64, cookie string) {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	op.AppendChild(octets(""))
	op.AppendChild(octets(""))
	if cookie == "" {
		q.send(op)
		return
	}
	paging := ldap.NewControlPaging(0)
	paging.SetCookie([]byte(cookie))
	q.send(op, paging)
}

// entry sends entries, as entries reads them.
func (q *question) entry(lines string) {
	for _, e := range entries(lines) {
		op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
		op.AppendChild(octets(e.DN))
		all := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		for _, a := range e.Attributes {
			one := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
			one.AppendChild(octets(a.Name))
			set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
			for _, v := range a.Values {
				set.AppendChild(octets(v))
			}
			one.AppendChild(set)
			all.AppendChild(one)
		}
		op.AppendChild(all)
		q.send(op)
	}
}

func (q *question) end() { q.done(ldap.ApplicationSearchResultDone, 0, "") }

// half is an answer, and what is said of it; "" = it is whole.
type half struct {
	answer func(q *question)
	want   string
}

// halves are answers of all kinds.
func halves() map[string]half {
	const one = "cn=a|cn=a|memberUid=cy\n"
	whole := func(q *question) {
		if q.ofGroups() {
			q.entry(one)
		} else {
			q.entry(people)
		}
		q.end()
	}
	broken := func(ends func(q *question)) func(q *question) {
		return func(q *question) {
			if q.ofGroups() {
				whole(q)
				return
			}
			q.entry("uid=cy,ou=p|uid=cy\n")
			ends(q)
		}
	}
	code := func(n int64) func(q *question) {
		return func(q *question) { q.done(ldap.ApplicationSearchResultDone, n, "") }
	}
	part := func(parts ...string) func(q *question) {
		return func(q *question) {
			switch {
			case !q.ofGroups() && len(q.attributes) > 2:
				whole(q)
			case q.ofGroups():
				q.entry("cn=a|cn=a|uSNChanged=1|member;range=0-0:=uid=anna,ou=p\n")
				q.end()
			default:
				for _, p := range parts {
					if strings.Contains(p, q.attributes[0][:len("member;range=1")]) {
						q.entry(p)
					}
				}
				q.end()
			}
		}
	}
	return map[string]half{
		"whole":           {whole, ""},
		"cut off":         {broken(func(q *question) { q.conn.Close() }), "response"},
		"silence":         {broken(func(*question) {}), "timed out"},
		"time limit":      {broken(code(3)), "Time Limit Exceeded"},
		"size limit":      {broken(code(4)), "Size Limit Exceeded"},
		"admin limit":     {broken(code(11)), "Admin Limit Exceeded"},
		"elsewhere":       {broken(code(10)), "Referral"},
		"unwilling":       {broken(code(53)), "Unwilling To Perform"},
		"no base":         {broken(code(32)), "No Such Object"},
		"partial results": {broken(code(9)), "Result Code 9"},
		"reference": {broken(func(q *question) {
			op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
			op.AppendChild(octets("ldap://other.example.org/"))
			q.send(op)
			q.end()
		}), `refers to another server, "ldap://other.example.org/"`},
		"nonsense":      {broken(func(q *question) { q.conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }), "more than can be taken in"},
		"half a page":   {broken(func(q *question) { q.conn.Write([]byte("\x30\x20\x02\x01")); q.conn.Close() }), "response"},
		"endless pages": {broken(func(q *question) { q.done(ldap.ApplicationSearchResultDone, 0, "more") }), "takes too long"},
		"disconnection": {broken(func(q *question) {
			q.id = 0
			q.done(ldap.ApplicationExtendedResponse, 52, "")
			q.conn.Close()
		}), "response"},
		"large value": {broken(func(q *question) {
			q.conn.Write([]byte("\x30\x84\x02\x00\x00\x01\x02\x01\x05"))
		}), "more than can be taken in"},
		"endless entries": {broken(func(q *question) {
			for range 20 {
				q.entry("uid=x|cn=" + strings.Repeat("x", 1<<16) + "\n")
			}
			q.end()
		}), "more than can be taken in"},
		"parts":                {part("cn=a|uSNChanged=1|member;range=1-1:=uid=bo,ou=p\n", "cn=a|uSNChanged=1|member;range=2-*:=uid=cy,ou=p\n"), ""},
		"a part is missing":    {part("cn=a|uSNChanged=1|member;range=1-1:=uid=bo,ou=p\n"), "tells only some"},
		"another part":         {part("cn=a|uSNChanged=1|member;range=10-*:=uid=bo,ou=p\n"), "from 1 on"},
		"parts of what was":    {part("cn=a|uSNChanged=2|member;range=1-*:=uid=bo,ou=p\n"), "changes while it is read"},
		"parts that make none": {part("cn=a|uSNChanged=1|member;range=1-x:=uid=bo,ou=p\n"), `the part "range=1-x"`},
	}
}

// What is not whole is not told, whatever it is that is missing.
func TestHalf(t *testing.T) {
	for name, test := range halves() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.answer)
			cfg := config(f.url)
			switch name {
			case "endless pages":
				cfg.time = 300 * time.Millisecond
			case "silence":
				cfg.Pace.Timeout = 100 * time.Millisecond
			case "endless entries":
				cfg.room = 1 << 20
			}
			r := run(t, cfg)
			if test.want != "" {
				r.missed(t, "", test.want)
			} else {
				r.becomes(t, "what is told", "a", func() string { return r.only })
				if name == "parts" {
					r.group(t, "a", `"" "": anna@example.org=Anna bo@example.org=Bobo cy@example.org=Cy`)
				}
			}
			r.stop()
			if (len(r.told) > 0 || r.back > 0 || r.only != "") != (test.want == "") {
				t.Errorf("told %v, only %q", r.groups, r.only)
			}
		})
	}
}

// Where there is to be TLS and is none, nothing is said, least of all who we are.
func TestNoTLS(t *testing.T) {
	f := newFake(t, nil)
	cfg := config(f.url)
	cfg.Security = StartTLS
	cfg.Password = func() (string, error) { t.Error("the password is asked for"); return "", nil }
	_, err := New(cfg).Look(t.Context())
	if !errors.Is(err, errNoTLS) {
		t.Errorf("looks: %v", err)
	}
	if got := f.said(); got != "23" {
		t.Errorf("it was asked %s", got)
	}
}

// elsewhere is a connection that leaves this machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 389} }

type here struct{ net.Conn }

func (here) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv6loopback, Port: 389} }

func TestLoopback(t *testing.T) {
	if loopback(elsewhere{}) || !loopback(here{}) {
		t.Error("what leaves this machine is not told from what does not")
	}
}

// Without a password that can be read nobody is asked anything.
func TestNoPassword(t *testing.T) {
	f := newFake(t, nil)
	cfg := config(f.url)
	gone := errors.New("gone")
	cfg.Password = func() (string, error) { return "", gone }
	if _, err := New(cfg).Look(t.Context()); !errors.Is(err, gone) || f.said() != "" {
		t.Errorf("%v, asked %s", err, f.said())
	}
	cfg.Password = func() (string, error) { return "", nil } // would be no password at all (RFC 4513 §5.1.2)
	if _, err := New(cfg).Look(t.Context()); err == nil || f.said() != "" {
		t.Errorf("%v, asked %s", err, f.said())
	}
}

// Between one search and the next somebody gets another name: he stays. Who is
// gone twice is gone; and where every reading finds others gone nothing is told.
func TestMoved(t *testing.T) {
	var mu sync.Mutex // guards both
	reads := 0
	var name func(n int) string
	f := newFake(t, func(q *question) {
		if q.ofGroups() {
			mu.Lock()
			reads++
			text := name(reads)
			mu.Unlock()
			q.entry(text)
		} else {
			q.entry(people)
		}
		q.end()
	})
	const both, anna = `"" "": anna@example.org=Anna cy@example.org=Cy`, `"" "": anna@example.org=Anna`
	d, told := New(config(f.url)), newEar()
	read := func(now func(n int) string) error {
		mu.Lock()
		name = now
		mu.Unlock()
		c, err := d.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		l, err := d.read(c)
		if err == nil {
			err = l.tell(t.Context(), told, nil)
		}
		return err
	}
	is := func(now func(n int) string, want string, times int) {
		t.Helper()
		err := read(now)
		mu.Lock()
		defer mu.Unlock()
		if err != nil || told.groups["a"] != want || reads != times {
			t.Errorf("told %s after %d readings, %v; want %s after %d", told.groups["a"], reads, err, want, times)
		}
	}
	const here, gone = "cn=a|cn=a|memberUid=anna|member=uid=cy,ou=p\n", "cn=a|cn=a|memberUid=anna|member=uid=old,ou=p\n"
	is(func(int) string { return here }, both, 1)
	is(func(n int) string { return map[bool]string{true: gone, false: here}[n == 2] }, both, 3) // the old name, once
	is(func(int) string { return gone }, anna, 5)
	is(func(int) string { return gone }, anna, 6) // that is known
	var bad *refusedError
	if err := read(func(n int) string { return fmt.Sprintf("cn=a|cn=a|memberUid=anna|member=uid=%d,ou=p\n", n) }); !errors.As(err, &bad) {
		t.Errorf("who changes all the time: %v", err)
	}
}
