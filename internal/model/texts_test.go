package model_test

import (
	"testing"
	"time"
)

// FuzzTexts: whatever text policy takes for a policy, the model reads the same.
func FuzzTexts(f *testing.F) {
	f.Add("basic role:lead\ncollect all except status\ndefault members: all\n", "members: show, status\nhide bob@a.example\n", "attributes show", uint8(3))
	f.Add("watch anyone\ncollect-from role:lead\nrequire counted", "share no\nrole:ops: all until 2026-03-01T13:00:00+01:00", "same-role\nroles lead\tops", uint8(1))
	f.Add("default nothing", "everyone: availability from 2026-03-01T12:00:00.5Z", "refuse", uint8(2))
	f.Fuzz(func(t *testing.T, group, own, wants string, who uint8) {
		q := &question{group: group, own: own, wants: wants, watcher: []string{bob, ann, "eve@b.example"}[who%3], roles: []string{"lead"}, at: noon}
		if q.member = who&4 != 0 || q.watcher == ann; q.member {
			q.mine = []string{"lead", "ops"}
		}
		if q.watcher == ann {
			q.mine = q.roles
		}
		for range 3 {
			q.check(t)
			q.at = q.at.Add(time.Hour)
		}
	})
}
