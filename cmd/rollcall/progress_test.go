package main

import (
	"strings"
	"testing"
	"time"
)

// Short work says nothing; long work a line a second, or a bar that goes away.
func TestProgress(t *testing.T) {
	for _, test := range []struct {
		bar  bool
		want string
	}{
		{false, `{"work":"import","unit":"groups","done":10,"total":40}` + "\n" + `{"work":"import","unit":"groups","done":20,"total":40}` + "\n"},
		{true, "\r\x1b[Kimport [#######.......................] 25%  10 of 40 groups" +
			"\r\x1b[Kimport [###########...................] 37%  15 of 40 groups" +
			"\r\x1b[Kimport [###############...............] 50%  20 of 40 groups" +
			"\r\x1b[Kimport [##################............] 62%  25 of 40 groups\r\x1b[K"},
	} {
		var out strings.Builder
		now := time.Unix(0, 0)
		p := &progress{work: "import", unit: "groups", out: &out, bar: test.bar, now: func() time.Time { return now }, next: now.Add(silence)}
		for done := range 30 {
			now = time.Unix(0, 0).Add(time.Duration(done) * silence / 10)
			if done%5 == 0 {
				p.tell(done, 40)
			}
		}
		p.end()
		same(t, out.String(), test.want)
	}
}
