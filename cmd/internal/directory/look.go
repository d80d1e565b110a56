package directory

import (
	"context"
	"errors"
	"fmt"
)

// View is what a directory would bring, in words.
type View struct {
	How    string   // who is asked, and as whom
	Groups []string // with how many members
	Wrong  []string // groups that cannot be taken in, and why
	Notes  []string
}

// maxShown groups are named; there may be a thousand.
const maxShown = 30

// Look reads a directory once, and changes nothing. An error is why nothing
// would come.
func (d *Directory) Look(ctx context.Context) (*View, error) {
	c, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	root, err := c.root()
	if err != nil {
		return nil, fmt.Errorf("ask the directory what it is: %w", err)
	}
	stamp, err := c.stamp(root)
	if err != nil {
		return nil, fmt.Errorf("ask the directory whether it has changed: %w", err)
	}
	tells := root.tells && d.cfg.Every == 0 && d.tells(ctx, stamp)
	l, err := d.read(c)
	if err != nil {
		return nil, errors.New(detail(err))
	}
	v := &View{How: d.cfg.URL + " lets us in as " + orElse(d.cfg.Bind, "nobody in particular")}
	if c.meter.Conn == c.raw && !loopback(c.raw) {
		v.Notes = append(v.Notes, "the connection is not encrypted, and leaves this machine")
	}
	switch {
	case d.cfg.Every > 0:
	case tells:
		v.How += ", and tells at once what changes"
	case stamp == "":
		v.Notes = append(v.Notes, fmt.Sprintf("it does not say when something has changed (overlay syncprov of OpenLDAP would): everything is read every %s", d.cfg.Pace.Blind))
	}
	l.view(v, d.cfg.Only)
	return v, nil
}

// tells says whether the directory really tells what changes.
func (d *Directory) tells(ctx context.Context, since string) bool {
	ctx, stop := context.WithTimeout(ctx, d.cfg.Pace.Timeout)
	b := newBell()
	go d.listen(ctx, b, since)
	defer func() { stop(); <-b.over }()
	select {
	case <-b.ready:
		return true
	case <-b.over:
		return false
	}
}

func (l *list) view(v *View, wanted []string) {
	shown, more := 0, 0
	for i := range l.groups {
		g := &l.groups[i]
		if !g.wanted(wanted) {
			continue
		}
		if shown++; shown > maxShown {
			more++
			continue
		}
		b, missing, err := l.basic(g)
		if err != nil {
			v.Wrong = append(v.Wrong, g.Name+": "+detail(err))
			continue
		}
		v.Groups = append(v.Groups, fmt.Sprintf("%s (%s)", g.Name, counted(len(b.Members), "member")))
		if missing > 0 {
			v.Notes = append(v.Notes, fmt.Sprintf("%s: %d who are named there are no people that we may see, or have no %s", g.Name, missing, l.m.JID))
		}
	}
	if more > 0 {
		v.Groups = append(v.Groups, fmt.Sprintf("and %s more", counted(more, "group")))
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
