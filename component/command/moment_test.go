package command

import (
	"strings"
	"testing"
	"time"
)

// A moment is meant in the zone of who says it, unless he names one; it is the
// first one to come.
func TestReadMoment(t *testing.T) {
	zone := time.FixedZone("", 3600)
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, zone) // a Monday
	for text, want := range map[string]string{
		"15:00": "01-05 15:00 +01:00", "11:59": "01-06 11:59 +01:00", "12:00": "01-06 12:00 +01:00", "3 pm": "01-05 15:00 +01:00", "15 Uhr": "01-05 15:00 +01:00",
		"15.30": "01-05 15:30 +01:00", "15:00 UTC": "01-05 15:00 +00:00", "15:00 -05:00": "01-05 15:00 -05:00", "15:00 UTC+2": "01-05 15:00 +02:00", "15:00 +25:00": "",
		"tomorrow": "01-06 00:00 +01:00", "morgen um 8": "01-06 08:00 +01:00", "Friday 9:00": "01-09 09:00 +01:00", "Mo 9": "01-12 09:00 +01:00", "Monday 13:00": "01-05 13:00 +01:00",
		"today 18:00": "01-05 18:00 +01:00", "tonight at 20:00": "01-05 20:00 +01:00", "heute Abend": "01-05 18:00 +01:00", "midnight": "01-06 00:00 +01:00",
		"31.1.": "01-31 00:00 +01:00", "1.2. um 9 Uhr": "02-01 09:00 +01:00", "31.1.2026 8:00": "01-31 08:00 +01:00", "30.2.": "", "2026-01-31": "01-31 00:00 +01:00",
		"2026-01-31 15:00": "01-31 15:00 +01:00", "2026-01-31T15:00": "01-31 15:00 +01:00", "2026-01-31T15:00:00Z": "01-31 15:00 +00:00",
		"further notice": "never", "auf weiteres": "never", "further notice 15:00": "", "": "", "at": "", "now": "", "24:01": "", "99": "", "2 hours": "01-05 14:00 +01:00", "an hour": "01-05 13:00 +01:00",
		"10001 hours": "", "0 hours": "", "-1 hours": "",
	} {
		at, ok := readMoment(strings.Fields(text), now)
		got := at.Format("01-02 15:04 -07:00")
		switch {
		case !ok:
			got = ""
		case at.IsZero():
			got = "never"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// Whatever somebody writes, it is a moment to come, or one that he named by its
// date, or none.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"15:00", "tomorrow 9", "31.12. 8:00 -03:30", "2026-01-31T15:00:00+14:00", "Montag", "2 weeks", "further notice", "0.0.", "24:00 mo", "pm 3"} {
		f.Add(s, int64(1767614400), 60)
	}
	f.Fuzz(func(t *testing.T, text string, unix int64, offset int) {
		now := time.Unix(unix%(1<<33), 0).In(time.FixedZone("", offset%(14*3600)))
		at, ok := readMoment(strings.Fields(text), now)
		if ok && at.IsZero() || !ok {
			return
		}
		if dated := strings.ContainsAny(text, "-.") || strings.Contains(fold(text), "today") || strings.Contains(fold(text), "heute") || strings.Contains(fold(text), "tonight"); !dated && !at.After(now) {
			t.Errorf("%q at %v is %v", text, now, at)
		}
		_ = tellMoment(at)
	})
}
