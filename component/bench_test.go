package component

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// cycle is a stream that begins again when it has ended.
type cycle struct {
	b []byte
	i int
}

func (c *cycle) Read(p []byte) (int, error) {
	if c.i == len(c.b) {
		c.i = 0
	}
	n := copy(p, c.b[c.i:])
	c.i += n
	return n, nil
}

// BenchmarkInboundPresence takes presence from the bytes of the stream to the
// state of the group: 10,000 members in 100 groups with a subscriber in each.
// Every member speaks twice in a row; half of the stanzas change his combined
// state.
func BenchmarkInboundPresence(b *testing.B) {
	const groups, members = 100, 100
	s := NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: "groups.example.org"}})
	var stream []byte
	for _, show := range []string{"away", "dnd"} {
		for g := range groups {
			for m := range members {
				for range 2 {
					stream = fmt.Appendf(stream, "<presence from='user%05d@example.org/laptop' to='group%03d@groups.example.org' xml:lang='en'>"+
						"<show>%s</show><status>On the phone until three</status><priority>5</priority>"+
						"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://gajim.org' ver='ISSBlDTgBcQ3yEpcFFIFJDcjVSM='/></presence>",
						g*members+m, g, show)
				}
			}
		}
	}
	for g := range groups {
		rec := &roster.GroupRecord{Name: fmt.Sprintf("group%03d", g)}
		for m := range members {
			rec.Members = append(rec.Members, roster.MemberRecord{JID: fmt.Sprintf("user%05d@example.org", g*members+m),
				Affiliation: roster.Plain, Ask: roster.Granted})
		}
		if err := s.Roster.CreateGroup(context.Background(), rec); err != nil {
			b.Fatal(err)
		}
		watcher := rec.Members[0].JID
		if _, err := s.Roster.Loaded([]byte(rec.Name)).Subscribe(context.Background(), watcher, watcher, roster.NodePresence, nil); err != nil {
			b.Fatal(err)
		}
	}
	in := frame.NewReader(&cycle{b: stream}, 1<<20, 100)
	var st frame.Stanza
	next := func() {
		raw, err := in.Next()
		if err != nil || !frame.Parse(raw, &st) {
			b.Fatal(err, io.ErrUnexpectedEOF)
		}
		s.Stanza(&st)
	}
	for range 2 * 2 * groups * members {
		next() // every member has been heard of
	}
	b.SetBytes(int64(len(stream) / (4 * groups * members)))
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "stanzas/s")
}
