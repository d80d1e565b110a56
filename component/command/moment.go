package command

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readMoment reads until when something is to be so, as people write it in
// English and German: "15:00", "tomorrow 9", "Montag", "2 hours", "further
// notice". It is the first such moment after now, in now's zone unless the words
// name one; zero is no end. ok is false for what is no such thing.
func readMoment(words []string, now time.Time) (at time.Time, ok bool) {
	m := moment{now: now, hour: -1}
	for _, w := range words {
		if !m.read(fold(strings.TrimRight(w, ".!?"))) {
			return readSpan(words, now)
		}
	}
	return m.at()
}

// moment is what was read of one so far.
type moment struct {
	now          time.Time
	day          time.Time // zero = not said
	named        bool      // by its name, so that it may be a week later
	hour, minute int       // -1 = not said
	never, said  bool
}

var (
	clockTime = regexp.MustCompile(`^(\d{1,2})(?:[:.](\d\d))?(?::\d\d)?(h|uhr|am|pm)?$`)
	isoDay    = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)$`)
	germanDay = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.?(\d{4})?$`)
	offset    = regexp.MustCompile(`^(?:utc|gmt)?([+-])(\d{1,2})(?::?(\d\d))?$`)
)

var weekdays = [...][]string{
	{"sunday", "sun", "sonntag", "so"}, {"monday", "mon", "montag", "mo"}, {"tuesday", "tue", "dienstag", "di"}, {"wednesday", "wed", "mittwoch", "mi"},
	{"thursday", "thu", "donnerstag", "do"}, {"friday", "fri", "freitag", "fr"}, {"saturday", "sat", "samstag", "sonnabend", "sa"},
}

// read takes one word in.
func (m *moment) read(w string) bool {
	if slices.Contains([]string{"at", "on", "um", "am", "the", "den", "dem", "uhr", "o'clock", "clock", "zum", "auf"}, w) {
		return true
	}
	m.said = true
	switch w {
	case "further", "notice", "weiteres", "forever", "immer":
		m.never = true
	case "today", "heute", "tonight":
		m.on(m.now)
	case "tomorrow", "morgen":
		m.on(m.now.AddDate(0, 0, 1))
	case "ubermorgen":
		m.on(m.now.AddDate(0, 0, 2))
	case "noon", "mittag":
		m.hour, m.minute = 12, 0
	case "midnight", "mitternacht":
		m.hour, m.minute = 24, 0
	case "evening", "abend":
		m.hour, m.minute = 18, 0
	case "pm":
		if m.hour >= 0 && m.hour < 12 {
			m.hour += 12
		}
	case "utc", "gmt", "z":
		m.in(time.UTC)
	default:
		return m.readNumber(w)
	}
	return true
}

func (m *moment) on(t time.Time) {
	y, month, d := t.Date()
	m.day = time.Date(y, month, d, 0, 0, 0, 0, m.now.Location())
}

// in changes the zone: what was said already is meant in it, too.
func (m *moment) in(zone *time.Location) {
	m.now = m.now.In(zone)
	if !m.day.IsZero() {
		y, month, d := m.day.Date()
		m.day = time.Date(y, month, d, 0, 0, 0, 0, zone)
	}
}

func (m *moment) readNumber(w string) bool {
	for i, names := range weekdays {
		if slices.Contains(names, w) {
			days := (i - int(m.now.Weekday()) + 7) % 7
			m.on(m.now.AddDate(0, 0, days))
			m.named = true
			return true
		}
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(w)); err == nil {
		m.in(t.Location())
		m.on(t)
		m.hour, m.minute = t.Hour(), t.Minute()
		return true
	}
	if day, clock, ok := strings.Cut(w, "t"); ok && isoDay.MatchString(day) { // 2026-01-31t15:00
		return m.readNumber(day) && m.readNumber(clock)
	}
	if f := isoDay.FindStringSubmatch(w); f != nil {
		return m.date(f[1], f[2], f[3])
	}
	if f := clockTime.FindStringSubmatch(w); f != nil && m.hour < 0 && (f[2] == "" || f[2] > "12" || !germanDay.MatchString(w) || !m.day.IsZero()) {
		return m.clock(f)
	}
	if f := germanDay.FindStringSubmatch(w); f != nil {
		if f[3] == "" {
			f[3] = strconv.Itoa(m.now.Year())
		}
		return m.date(f[3], f[2], f[1])
	}
	if f := offset.FindStringSubmatch(w); f != nil {
		h, _ := strconv.Atoi(f[2])
		min, _ := strconv.Atoi(f[3])
		seconds := (h*60 + min) * 60
		if f[1] == "-" {
			seconds = -seconds
		}
		if h > 14 || min > 59 {
			return false
		}
		m.in(time.FixedZone(formatOffset(seconds), seconds))
		return true
	}
	return false
}

func (m *moment) date(year, month, day string) bool {
	t, err := time.Parse("2006-1-2", year+"-"+strings.TrimLeft(month, "0")+"-"+strings.TrimLeft(day, "0"))
	if err != nil {
		return false
	}
	m.on(t)
	return true
}

func (m *moment) clock(f []string) bool {
	h, _ := strconv.Atoi(f[1])
	min, _ := strconv.Atoi(f[2])
	switch {
	case f[3] == "pm" && h < 12:
		h += 12
	case f[3] == "am" && h == 12:
		h = 0
	}
	if h > 24 || min > 59 || h == 24 && min > 0 {
		return false
	}
	m.hour, m.minute = h, min
	return true
}

// at is the moment.
func (m *moment) at() (time.Time, bool) {
	switch {
	case m.never:
		return time.Time{}, m.day.IsZero() && m.hour < 0
	case !m.said, m.day.IsZero() && m.hour < 0:
		return time.Time{}, false
	}
	today := m.day.IsZero()
	if today {
		m.on(m.now)
	}
	y, month, d := m.day.Date()
	at := func(days int) time.Time {
		return time.Date(y, month, d+days, max(m.hour, 0), m.minute, 0, 0, m.now.Location())
	}
	switch t := at(0); {
	case t.After(m.now):
		return t, true
	case m.named:
		return at(7), true
	case today:
		return at(1), true
	default:
		return t, true // it is past, which will be said
	}
}

var units = map[string]time.Duration{
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute, "minuten": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour, "stunde": time.Hour, "stunden": time.Hour, "std": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour, "tag": 24 * time.Hour, "tage": 24 * time.Hour,
	"week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour, "woche": 7 * 24 * time.Hour, "wochen": 7 * 24 * time.Hour,
}

var spanWord = regexp.MustCompile(`^(\d{1,4})([a-z]+)$`)

// readSpan reads for how long.
func readSpan(words []string, now time.Time) (time.Time, bool) {
	list := make([]string, 0, 2)
	for _, w := range words {
		list = append(list, fold(strings.TrimRight(w, ".!?")))
	}
	if len(list) == 1 {
		if f := spanWord.FindStringSubmatch(list[0]); f != nil {
			list = f[1:]
		}
	}
	if len(list) != 2 || units[list[1]] == 0 {
		return time.Time{}, false
	}
	n := 1
	if !slices.Contains([]string{"a", "an", "one", "ein", "eine", "einen", "einer"}, list[0]) {
		var err error
		if n, err = strconv.Atoi(list[0]); err != nil || n < 1 || n > 10_000 {
			return time.Time{}, false
		}
	}
	return now.Add(time.Duration(n) * units[list[1]]).Truncate(time.Second), true
}

func formatOffset(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return sign + time.Unix(int64(seconds), 0).UTC().Format("15:04")
}

// tellMoment is a moment with its zone.
func tellMoment(t time.Time) string {
	if name, _ := t.Zone(); name == "UTC" {
		return t.Format("2006-01-02 15:04 UTC")
	}
	return t.Format("2006-01-02 15:04 (UTC-07:00)")
}
