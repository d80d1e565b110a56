package main

import (
	"strings"
	"testing"
)

// The policy commands against the real service: what is set is in force, and
// there after a restart; what makes no sense changes nothing.
func TestPolicyCommands(t *testing.T) {
	b := newBench(t)
	b.write("secret", "hunter2\n")
	stop := b.start()
	b.done("group", "create", "team")
	b.done("member", "add", "team", "alice@example.org")
	const byDefault = "# the group's default: alice@example.org has set none\n" +
		"members: counted availability connection show status devices idle capabilities mood activity tune interests language" +
		" location nickname avatar timezone addresses willingness except location addresses\n"
	same(t, b.done("policy", "show", "team", "alice@example.org"), byDefault)
	same(t, b.done("policy", "set", "team", "alice@example.org", "members: availability", "hide eve@example.org", "role:lead: availability show"),
		"changed what alice@example.org lets others see in team@groups.example.org\n")
	const set = "hide eve@example.org\nmembers: availability\nrole:lead: availability show\n"
	same(t, b.done("policy", "show", "team", "alice@example.org"), set)
	for _, c := range []struct {
		reason string
		args   []string
	}{
		{"line 2: unknown presence attribute", []string{"team", "alice@example.org", "share no", "members: shoe"}},
		{"no such group", []string{"nothing", "alice@example.org", "share no"}},
	} {
		code, _, stderr := b.run(append([]string{"policy", "set"}, c.args...)...)
		if code != exitFailed || !strings.Contains(stderr, c.reason) {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
	}
	for _, args := range [][]string{{}, {"--default", "share no"}} {
		if code, _, _ := b.run(append([]string{"policy", "set", "team", "alice@example.org"}, args...)...); code != exitUsage {
			t.Errorf("%q: exit %d", args, code)
		}
	}
	stop()
	stop = b.start()
	same(t, b.done("policy", "show", "team", "alice@example.org"), set)
	b.done("policy", "set", "team", "alice@example.org", "--default")
	same(t, b.done("policy", "show", "team", "alice@example.org"), byDefault)
	stop()
}
