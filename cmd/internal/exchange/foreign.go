package exchange

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
)

// Foreign is what another server's file says.
type Foreign struct {
	Groups  []Group
	Ignored []string // what has no place here, for people

	titles []string // of Groups, as they stand in brackets
}

// Prosody reads the groups_file of mod_groups:
//
//	[Support]
//	alice@example.org=Alice
//	+bob@example.org
//
// A + before a group's name makes it everybody's contact there; here it is
// listed.
func Prosody(r io.Reader) (*Foreign, error) {
	return sections(r, func(f *Foreign, g *Group, line string) bool {
		entry, nick, _ := strings.Cut(line, "=")
		word, _, _ := strings.Cut(strings.TrimSpace(entry), " ")
		return g.add(word, strings.TrimSpace(nick))
	})
}

// Ejabberd reads what ejabberdctl says of its shared roster groups, each below
// its name in brackets:
//
//	for g in $(ejabberdctl srg_list example.org); do
//	  echo "[$g]"; ejabberdctl srg_get_info $g example.org; ejabberdctl srg_get_members $g example.org
//	done
func Ejabberd(r io.Reader) (*Foreign, error) {
	info := regexp.MustCompile(`^([a-z_]+)\t(.*)$`)
	return sections(r, func(f *Foreign, g *Group, line string) bool {
		if m := info.FindStringSubmatch(line); m != nil {
			value := strings.Trim(m[2], `"<>`)
			switch m[1] {
			case "label", "name":
				g.Title = value
			case "description":
				g.Description = value
			default:
				return false
			}
			return true
		}
		return g.add(line, "")
	})
}

var header = regexp.MustCompile(`^\[\+?(.*)\]$`)

// sections reads a file of groups in brackets with lines below; take says
// whether it could make something of a line.
func sections(r io.Reader, take func(f *Foreign, g *Group, line string) bool) (*Foreign, error) {
	f, at := &Foreign{}, -1
	scan := bufio.NewScanner(r)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimRight(strings.TrimLeft(scan.Text(), " "), " \r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if m := header.FindStringSubmatch(line); m != nil {
			at = f.group(m[1], strings.HasPrefix(line, "[+"))
			continue
		}
		if at < 0 {
			at = f.group("default", false) // as Prosody calls it
		}
		if !take(f, &f.Groups[at], line) {
			f.Ignored = append(f.Ignored, fmt.Sprintf("line %d: %s", n, line))
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	return f, nil
}

// group is the place of the group of that title. Two titles that make one name
// are still two groups.
func (f *Foreign) group(title string, listed bool) int {
	taken := func(name string) int { return slices.IndexFunc(f.Groups, func(g Group) bool { return g.Name == name }) }
	name := Localpart(title)
	base := name
	for n := 2; ; n++ {
		i := taken(name)
		if i < 0 {
			f.Groups, f.titles = append(f.Groups, Group{Name: name, Title: title, Listed: listed}), append(f.titles, title)
			return len(f.Groups) - 1
		}
		if f.titles[i] == title {
			return i
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// Localpart makes of a name for people one that may stand in an address.
func Localpart(title string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\"&'/:<>@", r) {
			return '-'
		}
		return r
	}, strings.ToLower(title))
	if j, err := jid.New(name, "x", ""); err == nil && j.Localpart() != "" {
		return j.Localpart()
	}
	return "group"
}

// add makes a user a member, once.
func (g *Group) add(address, nick string) bool {
	j, err := jid.Parse(address)
	if err != nil || j.Localpart() == "" {
		return false
	}
	bare := j.Bare().String()
	if !slices.ContainsFunc(g.Members, func(m Member) bool { return m.JID == bare }) {
		g.Members = append(g.Members, Member{JID: bare, Nick: nick})
	}
	return true
}
