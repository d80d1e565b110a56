package pubsub

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// zone is what XEP-0202 allows a <tzo/> to be, with the zones that there are.
var zone = regexp.MustCompile(`^(Z|[+-](0\d|1[0-4]):[0-5]\d)$`)

// appendZone appends a time zone as it stands in an item, made of an answer to
// the question what time it is (XEP-0202): nothing of the clock is in it.
// ErrPayload.
func appendZone(b, payload []byte) ([]byte, error) {
	var in frame.Scanner
	tzo := []byte(nil)
	for in.Reset(payload); in.Next(); {
		if in.Kind != frame.Start {
			continue
		}
		switch {
		case in.Depth == 1 && !in.Is(nsTime, "time"):
			return b, fmt.Errorf("%w is no time", ErrPayload)
		case in.Depth == 2 && tzo == nil && in.Is(nsTime, "tzo"):
			tzo = bytes.TrimSpace(in.AppendValue([]byte{}))
		case in.Depth > maxDepth:
			return b, fmt.Errorf("%w has too deep a nesting", ErrPayload)
		}
	}
	switch {
	case in.Bad() || !zone.Match(tzo):
		return b, fmt.Errorf("%w has no time zone", ErrPayload)
	case string(tzo[1:]) == "00:00":
		tzo = []byte("Z")
	}
	return append(append(append(b, "<timezone>"...), tzo...), "</timezone>"...), nil
}

// AskTime is the question for the time.
const AskTime = "<time xmlns='" + nsTime + "'/>"

// AskCard is the question for a vCard4 (XEP-0292).
const AskCard = "<vcard xmlns='" + nsVCard4 + "'/>"

// Answered is the payload of an answer to such a question; nil if there is none.
func Answered(mask policy.Mask, stanza []byte) (payload []byte) {
	space := nsVCard4
	if mask == policy.Timezone {
		space = nsTime
	}
	var in frame.Scanner
	for in.Reset(stanza); in.Next(); {
		if in.Kind == frame.Start && in.Depth == 2 && string(in.NS()) == space {
			payload, _ = in.Cut(nil)
			return payload
		}
	}
	return nil
}
