package component

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// A thousand who come one by one are each looked at as they come, and all of them
// again a second later: not all of them with each.
func TestListeningIsCounted(t *testing.T) {
	const members = 1000
	h, now := newHerald(nil), time.Now()
	looked, rests := 0, 0
	for i := range members {
		bare := fmt.Sprintf("u%d@example.org", i)
		h.mu.Lock()
		d := h.add("team", bare, "desk")
		d.wish, d.round = pubsub.WishNick, h.round
		h.fresh("team", bare)
		h.mu.Unlock()
		all, rest := h.listening("team", now)
		if len(all[bare]) != 1 {
			t.Fatalf("member %d is not looked at: %d others", i, len(all))
		}
		if looked += len(all); rest > 0 {
			rests++
			if rest != looksEvery {
				t.Errorf("the others wait for %s", rest)
			}
		}
	}
	if most := fewMembers*fewMembers + members; looked > most || rests != 1 {
		t.Errorf("%d were looked at, more than %d; all others %d times", looked, most, rests)
	}
	if all, _ := h.listening("team", now.Add(looksEvery)); len(all) != members {
		t.Errorf("a second later %d are looked at", len(all))
	}
	if all, rest := h.listening("team", now.Add(looksEvery+time.Millisecond)); len(all) != 0 || rest != looksEvery-time.Millisecond {
		t.Errorf("right after that %d are, and the others after %s", len(all), rest)
	}
	for i := range members {
		h.forget("team", fmt.Sprintf("u%d@example.org", i))
	}
	if len(h.looks) > 0 {
		t.Error("it is remembered whom nobody knows")
	}
}
