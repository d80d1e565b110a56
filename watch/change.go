package watch

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Kind is what a change is about.
type Kind uint8

// The kinds.
const (
	Joined     Kind = iota // After is a row that was not there
	Changed                // After looks different from Before
	Left                   // Before is no longer there
	InfoSet                // Info is the group's attributes
	SummarySet             // Summary is the counts
	Synced                 // the table is whole: for the first time, or again
	Lost                   // the session ended, as Err says; what is shown may be old
)

var kinds = [...]string{"joined", "changed", "left", "info", "summary", "synced", "lost"}

// String is the kind as one word.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kinds[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no kind of change", text)
	}
	*k = Kind(i)
	return nil
}

// Change is one thing that changed. What belongs to other kinds is nil. It is
// the watcher's own: to be read, not changed.
type Change struct {
	Kind    Kind     `json:"kind"`
	Before  *Member  `json:"before,omitempty"`
	After   *Member  `json:"after,omitempty"`
	Info    *Info    `json:"info,omitempty"`
	Summary *Summary `json:"summary,omitempty"`
	Err     error    `json:"-"`
}

// The ends of watching, beside those of the context.
var (
	// ErrRefused: the group refused a request; the error has the condition
	// (RFC 6120 §8.3.3).
	ErrRefused = errors.New("refused")
	// ErrEnded: the group ended the subscription, as with a membership.
	ErrEnded = errors.New("the group ended the subscription")
	// ErrLost: the session ended; wrapped beside the reason.
	ErrLost = errors.New("the session ended")
)

// news is what a loop has not seen yet. It grows with the group at most.
type news struct {
	order         []string // of the members in diffs, as they first changed
	diffs         map[string]Diff
	info, summary bool
	synced        bool
}

func (n *news) add(u *Update) {
	n.info = n.info || u.Info
	n.summary = n.summary || u.Summary
	for _, d := range u.Members {
		id := d.jid()
		was, waits := n.diffs[id]
		if !waits {
			if n.diffs == nil {
				n.diffs = make(map[string]Diff)
			}
			n.order = append(n.order, id)
			n.diffs[id] = d
			continue
		}
		n.diffs[id] = Diff{was.Before, d.After}
	}
}

func (d *Diff) jid() string {
	if d.After != nil {
		return d.After.JID
	}
	return d.Before.JID
}

// take empties n. t is the table it is about.
func (n *news) take(t *Table) (list []Change) {
	if n.info {
		info := t.info
		list = append(list, Change{Kind: InfoSet, Info: &info})
	}
	if n.summary {
		summary := t.summary
		list = append(list, Change{Kind: SummarySet, Summary: &summary})
	}
	for _, id := range n.order {
		switch d := n.diffs[id]; {
		case d.Before == nil && d.After == nil:
		case d.Before == nil:
			list = append(list, Change{Kind: Joined, After: d.After})
		case d.After == nil:
			list = append(list, Change{Kind: Left, Before: d.Before})
		case !d.Before.Equal(d.After):
			list = append(list, Change{Kind: Changed, Before: d.Before, After: d.After})
		}
	}
	if n.synced {
		list = append(list, Change{Kind: Synced})
	}
	*n = news{}
	return list
}
