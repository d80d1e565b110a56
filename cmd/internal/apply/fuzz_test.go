package apply

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
)

// Whatever the file holds, it is refused with a reason or can be compared with
// what is there; a step says on one line what it does, and what is as the file
// says needs none.
func FuzzRead(f *testing.F) {
	f.Add("groups:\n  team:\n    title: Team\n    listed: true\n    payload: combined\n    attributes: {phone: \"123\"}\n    members:\n      a@example.org: {nick: A, roles: [lead, lead]}\n      b@example.org:\n")
	f.Add("groups:\n  team:\n    policy: |\n      watch anyone\n      basic members\n    join: open\n    aggregate: quorum:2\n    avatar: x.png\n    delivery: \"5000\"\n")
	f.Add("groups: {a: &x {title: T}, b: *x, c: {<<: *x, members: {}}}\n---\n")
	f.Add("groups:\n  ? [a]\n  : 5\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(strings.NewReader(text), func(string) ([]byte, error) { return []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), nil })
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a reason")
			}
			return
		}
		for name, g := range file.Groups {
			now := &admin.Group{Name: name, Title: "A", Attributes: map[string]string{"x": "y"}, Members: []admin.Member{{JID: "a@example.org", Affiliation: "owner"}, {JID: "z@example.org"}}}
			for _, there := range []*admin.Group{nil, now} {
				for _, step := range Compare(name, there, g) {
					if step.Do == nil || step.Group != name || step.String() == "" {
						t.Errorf("a step that does nothing: %+v", step)
					}
				}
			}
		}
	})
}
