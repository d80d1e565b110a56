package pubsub

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// A server's work grows with the elements of what it passes on, far more than
// with the bytes. So who wants JSON gets one item with one element of text
// (XEP-0335), whatever the event is about, and the state tokens in it. Info,
// summary and members are what webhooks are told, in the same words.
//
// Each quote costs most servers a look-up, too: what goes without saying is not
// said.

// itemJSON is the id of that item.
const itemJSON = "json"

// jsonWords is the [Renderer] for [roster.FormatJSON]. Each item ends with a
// comma; the last one is taken back.
type jsonWords struct{ *Renderer }

// pidfWords is that for [roster.FormatPIDF].
type pidfWords struct{ *Renderer }

// Member implements [roster.Renderer].
func (r pidfWords) Member(b []byte, n roster.Node, it *roster.Item) []byte {
	if n == roster.NodeMembers {
		return r.Renderer.Member(b, n, it)
	}
	return pidf(b, it)
}

// In implements [roster.Renderer].
func (r *Renderer) In(format string) roster.Renderer {
	switch format {
	case roster.FormatPIDF:
		return pidfWords{r}
	case roster.FormatJSON:
		return jsonWords{r}
	}
	return r
}

const (
	openJSON  = "<item id='" + itemJSON + "'><json xmlns='" + NSJSON + "'>{"
	closeJSON = "}</json></item></items>"
)

// EventItems implements [roster.Renderer].
func (r jsonWords) EventItems(b []byte, n roster.Node) []byte {
	return append(r.Renderer.EventItems(b, n), openJSON...)
}

// Members implements [roster.Renderer].
func (jsonWords) Members(b []byte) []byte { return append(b, `"members":[`...) }

// EventEnd implements [roster.Renderer].
func (jsonWords) EventEnd(b []byte, s *roster.Stamp) []byte {
	return append(jsonEnd(b, s), closeJSON+"</event>"...)
}

// AnswerStart implements [roster.Renderer].
func (r jsonWords) AnswerStart(b []byte, group string, q *roster.Question) []byte {
	return append(r.Renderer.AnswerStart(b, group, q), openJSON...)
}

// AnswerEnd implements [roster.Renderer].
func (jsonWords) AnswerEnd(b []byte, _ string, _ *roster.Question, s *roster.Stamp, p *roster.Page) []byte {
	b = append(jsonEnd(b, s), closeJSON...)
	if p.Wanted {
		b = resultSet(b, p)
	}
	return append(b, "</pubsub></iq>"...)
}

// jsonEnd ends the list of members, and says what <state/> does.
func jsonEnd(b []byte, s *roster.Stamp) []byte {
	b = append(uncomma(b), ']')
	if s.To == "" {
		return b
	}
	if s.From != "" {
		b = append(append(append(b, `,"from":"`...), s.From...), '"')
	}
	b = append(append(append(b, `,"to":"`...), s.To...), '"')
	if s.Full {
		b = append(b, `,"full":true`...)
	}
	if s.Parts > 1 {
		b = strconv.AppendInt(append(b, `,"part":"`...), int64(s.Part), 10)
		b = append(strconv.AppendInt(append(b, '/'), int64(s.Parts), 10), '"')
	}
	if s.Period > 0 {
		b = strconv.AppendInt(append(b, `,"delivery":`...), int64(s.Period), 10)
	}
	return b
}

// Info implements [roster.Renderer].
func (jsonWords) Info(b []byte, s *roster.Settings, name string, basic bool) []byte {
	if s.Title != "" {
		name = s.Title
	}
	b = jsonString(append(b, `"info":{"name":`...), name)
	b = jsonOptional(b, `,"lang":`, s.Language)
	b = jsonOptional(b, `,"description":`, s.Description)
	if basic {
		b = jsonAttributes(b, s.Attributes)
	}
	return append(b, "},"...)
}

// Summary implements [roster.Renderer].
func (jsonWords) Summary(b []byte, s roster.Summary) []byte {
	b = strconv.AppendInt(append(b, `"summary":{"members":`...), int64(s.Members), 10)
	b = strconv.AppendInt(append(b, `,"available":`...), int64(s.Available), 10)
	b = strconv.AppendInt(append(b, `,"chat":`...), int64(s.Chat), 10)
	b = strconv.AppendInt(append(b, `,"away":`...), int64(s.Away), 10)
	b = strconv.AppendInt(append(b, `,"xa":`...), int64(s.XA), 10)
	b = strconv.AppendInt(append(b, `,"dnd":`...), int64(s.DND), 10)
	return append(b, "},"...)
}

// Gone implements [roster.Renderer].
func (jsonWords) Gone(b []byte, jid string) []byte {
	return append(jsonString(append(b, `{"jid":`...), jid), `,"gone":true},`...)
}

// AnswerGone implements [roster.Renderer].
func (r jsonWords) AnswerGone(b []byte, jid string) []byte { return r.Gone(b, jid) }

// Member implements [roster.Renderer].
func (jsonWords) Member(b []byte, n roster.Node, it *roster.Item) []byte {
	b = jsonString(append(b, `{"jid":`...), it.JID)
	b = jsonOptional(b, `,"nick":`, it.Nick)
	if len(it.Roles) > 0 {
		b = append(b, `,"roles":[`...)
		for _, role := range it.Roles {
			b = append(jsonString(b, role), ',')
		}
		b = append(uncomma(b), ']')
	}
	b = jsonAttributes(b, it.Attributes)
	if n != roster.NodeMembers {
		b = jsonPresence(b, it)
	}
	return append(b, "},"...)
}

// jsonPresence is what presence says, word for word.
func jsonPresence(b []byte, it *roster.Item) []byte {
	switch it.Show {
	case roster.Offline:
		return append(b, `,"show":"offline"`...)
	case roster.Online:
		b = append(b, `,"show":"available"`...)
	default:
		b = append(append(append(b, `,"show":"`...), it.Show.String()...), '"')
	}
	b = jsonOptional(b, `,"status":`, it.Status)
	if it.Languages != "" {
		b = jsonStatuses(b, it)
	}
	if len(it.Devices) > 0 {
		b = append(b, `,"devices":[`...)
		for i := range it.Devices {
			b = jsonDevice(b, &it.Devices[i])
		}
		b = append(uncomma(b), ']')
	}
	b = jsonOptional(b, `,"connection":`, it.Connection)
	b = jsonCapabilities(b, it.Can)
	b = jsonOptional(b, `,"idle":`, it.Idle)
	b = jsonPublished(b, it)
	return jsonReported(jsonWilling(b, it.Willing), it)
}

// jsonStatuses is by itself because it allocates.
func jsonStatuses(b []byte, it *roster.Item) []byte {
	b = append(b, `,"statuses":[`...)
	for lang, text := range it.Texts() {
		b = jsonString(append(b, `{"text":`...), text)
		b = append(jsonOptional(b, `,"lang":`, lang), "},"...)
	}
	return append(uncomma(b), ']')
}

func jsonDevice(b []byte, d *roster.Device) []byte {
	b = jsonString(append(b, `{"name":`...), d.Name)
	b = jsonOptional(b, `,"show":`, d.Show.String())
	b = jsonOptional(b, `,"connection":`, d.Connection)
	return append(jsonCapabilities(b, d.Can), "},"...)
}

func jsonCapabilities(b []byte, c *roster.Capabilities) []byte {
	if c == nil {
		return b
	}
	b = append(b, `,"capabilities":{`...)
	if words := c.Able.Words(); len(words) > 0 {
		b = append(b, `"can":[`...)
		for _, w := range words {
			b = append(jsonString(b, w), ',')
		}
		b = append(uncomma(b), "],"...)
	}
	if len(c.Identities) > 0 {
		b = append(b, `"identities":[`...)
		for _, i := range c.Identities {
			b = append(jsonText(append(b, '"'), i.Category), '/')
			b = append(jsonText(b, i.Type), `",`...)
		}
		b = append(uncomma(b), ']')
	}
	return append(uncomma(b), '}')
}

func jsonWilling(b []byte, all []roster.Willing) []byte {
	if len(all) == 0 {
		return b
	}
	b = append(b, `,"willing":[`...)
	for i := range all {
		x := &all[i]
		b = strconv.AppendBool(append(b, `{"value":`...), !x.No)
		b = jsonOptional(b, `,"app":`, x.App)
		b = jsonUntil(b, x.Until)
		b = append(jsonOptional(b, `,"source":`, x.Source), "},"...)
	}
	return append(uncomma(b), ']')
}

// jsonReported is what reported says.
func jsonReported(b []byte, it *roster.Item) []byte {
	s, a := it.StatusBy, it.ActivityBy
	if s == nil && a == nil {
		return b
	}
	b = append(b, `,"reported":[`...)
	switch {
	case s != nil && a != nil && *s == *a:
		b = jsonReport(b, "status activity", s)
	default:
		b = jsonReport(jsonReport(b, "status", s), "activity", a)
	}
	return append(uncomma(b), ']')
}

func jsonReport(b []byte, of string, by *roster.Source) []byte {
	if by == nil {
		return b
	}
	b = append(append(append(b, `{"of":"`...), of...), `","source":`...)
	return append(jsonUntil(jsonString(b, by.Bot), by.Until), "},"...)
}

func jsonUntil(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return b
	}
	return append(at.AppendFormat(append(b, `,"until":"`...), "2006-01-02T15:04:05Z"), '"')
}

func jsonAttributes(b []byte, list []roster.Attribute) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"attributes":[`...)
	for _, a := range list {
		b = jsonString(append(b, `{"name":`...), a.Name)
		b = append(jsonString(append(b, `,"value":`...), a.Value), "},"...)
	}
	return append(uncomma(b), ']')
}

// jsonOptional appends a value behind its key, unless it is empty.
func jsonOptional(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	return jsonString(append(b, key...), value)
}

// uncomma takes the comma behind the last of a list back.
func uncomma(b []byte) []byte {
	if n := len(b); b[n-1] == ',' {
		return b[:n-1]
	}
	return b
}

func jsonString(b []byte, s string) []byte { return append(jsonText(append(b, '"'), s), '"') }

// jsonText appends what stands between the quotes of a string, in character
// data: escaped as JSON and then as XML. What XML does not allow becomes U+FFFD,
// as it does elsewhere.
func jsonText[T string | []byte](b []byte, s T) []byte {
	done := 0 // s[:done] is in b
	for i := 0; i < len(s); {
		c, size, with := s[i], 1, ""
		switch {
		case c == '"':
			with = `\"`
		case c == '\\':
			with = `\\`
		case c == '&':
			with = "&amp;"
		case c == '<':
			with = "&lt;"
		case c == '>':
			with = "&gt;"
		case c == '\n':
			with = `\n`
		case c == '\r':
			with = `\r`
		case c == '\t':
			with = `\t`
		case c >= ' ' && c < utf8.RuneSelf:
			i++
			continue
		default:
			var r rune
			if r, size = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))])); r >= ' ' && r < 0xFFFE && (r != utf8.RuneError || size > 1) || r > 0xFFFF {
				i += size
				continue
			}
			with = "\uFFFD"
		}
		b = append(append(b, s[done:i]...), with...)
		i += size
		done = i
	}
	return append(b, s[done:]...)
}
