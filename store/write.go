package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// CreateGroup implements [roster.Store].
func (s *sqlite) CreateGroup(ctx context.Context, rec *roster.GroupRecord) error {
	return s.do(ctx, "create group", rec.Name, func() error {
		set := rec.Settings
		res, err := s.writes.createGroup.Exec(rec.Name, set.Title, set.Description, set.Language,
			encode(set.Attributes), set.Listed, set.Payload.String(), set.Policy, set.Delivery,
			set.Join.String(), set.Aggregate, []byte(set.Avatar), rec.Source)
		if err := affected(res, err, roster.ErrGroupExists); err != nil {
			return err
		}
		id, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if err := s.storeRows(id, rec); err != nil {
			return err
		}
		return s.noteGroup(ctx, rec)
	})
}

// storeRows stores what a new group has one row of for each.
func (s *sqlite) storeRows(id int64, rec *roster.GroupRecord) error {
	if err := s.storeMembers(id, rec.Members); err != nil {
		return err
	}
	for _, sub := range rec.Subscriptions {
		if err := s.storeSubscription(id, sub); err != nil {
			return err
		}
	}
	for _, jid := range rec.Contacts {
		if _, err := s.writes.storeContact.Exec(id, jid); err != nil {
			return err
		}
	}
	for _, v := range rec.Visitors {
		if err := s.storeVisitor(id, v); err != nil {
			return err
		}
	}
	for _, h := range rec.Hooks {
		if err := s.storeHook(id, h); err != nil {
			return err
		}
	}
	for _, a := range rec.Authorizations {
		if _, err := s.writes.storeAuthorization.Exec(id, a.JID, a.Rules); err != nil {
			return err
		}
	}
	return nil
}

// DeleteGroup implements [roster.Store].
func (s *sqlite) DeleteGroup(ctx context.Context, name string) error {
	return s.do(ctx, "delete group", name, func() error {
		res, err := s.writes.deleteGroup.Exec(name)
		if err := affected(res, err, roster.ErrNoGroup); err != nil {
			return err
		}
		return s.note(ctx, audit.GroupDelete, name, "", "")
	})
}

// StoreSettings implements [roster.Store].
func (s *sqlite) StoreSettings(ctx context.Context, group string, set roster.Settings, agreed ...roster.Agreement) error {
	return s.inGroup(ctx, "store settings of", group, func(id int64) error {
		err := s.storeSettings(ctx, group, set)
		if err != nil || len(agreed) == 0 {
			return err
		}
		_, err = s.writes.storeAgreed.Exec(encode(agreed), id)
		return err
	})
}

func (s *sqlite) storeSettings(ctx context.Context, group string, set roster.Settings) error {
	if err := s.noteSettings(ctx, group, set); err != nil {
		return err
	}
	_, err := s.writes.storeSettings.Exec(set.Title, set.Description, set.Language,
		encode(set.Attributes), set.Listed, set.Payload.String(), set.Policy, set.Delivery,
		set.Join.String(), set.Aggregate, []byte(set.Avatar), group)
	return err
}

// StoreMembers implements [roster.Store].
func (s *sqlite) StoreMembers(ctx context.Context, group string, m ...roster.MemberRecord) error {
	return s.inGroup(ctx, "store members of", group, func(id int64) error {
		return s.changeMembers(ctx, id, group, m)
	})
}

func (s *sqlite) changeMembers(ctx context.Context, id int64, group string, m []roster.MemberRecord) error {
	for _, one := range m {
		if err := s.noteMember(ctx, id, group, one); err != nil {
			return err
		}
	}
	return s.storeMembers(id, m)
}

// DeleteMember implements [roster.Store].
func (s *sqlite) DeleteMember(ctx context.Context, group, jid string) error {
	return s.inGroup(ctx, "delete member "+jid+" of", group, func(id int64) error {
		return s.deleteMember(ctx, id, group, jid)
	})
}

func (s *sqlite) deleteMember(ctx context.Context, id int64, group, jid string) error {
	res, err := s.writes.deleteMember.Exec(id, jid)
	if err := affected(res, err, roster.ErrNoMember); err != nil {
		return err
	}
	if err := s.deleteOwned(id, jid); err != nil {
		return err
	}
	return s.note(ctx, audit.MemberRemove, group, jid, "")
}

// deleteOwned deletes what a user has in a group beside his membership.
func (s *sqlite) deleteOwned(group int64, jid string) error {
	for _, his := range []*sql.Stmt{s.writes.deleteWatcher, s.writes.deleteContact, s.writes.deleteAuthorization} {
		if _, err := his.Exec(group, jid); err != nil {
			return err
		}
	}
	return nil
}

// StoreVisitor implements [roster.Store].
func (s *sqlite) StoreVisitor(ctx context.Context, group string, v roster.VisitorRecord) error {
	return s.inGroup(ctx, "store visitor of", group, func(id int64) error {
		if v.State == roster.Banned {
			if _, err := s.writes.deleteMember.Exec(id, v.JID); err != nil {
				return err
			}
			if err := s.deleteOwned(id, v.JID); err != nil {
				return err
			}
		}
		if err := s.storeVisitor(id, v); err != nil {
			return err
		}
		if audit.Actor(ctx) == v.JID {
			return nil // a stranger's wish is nobody's act, and strangers are many
		}
		return s.note(ctx, audit.Visitor, group, v.JID, v.State.String())
	})
}

func (s *sqlite) storeVisitor(group int64, v roster.VisitorRecord) error {
	_, err := s.writes.storeVisitor.Exec(group, v.JID, v.State.String(), v.By, v.Contact)
	return err
}

// DeleteVisitor implements [roster.Store].
func (s *sqlite) DeleteVisitor(ctx context.Context, group, jid string) error {
	err := s.inGroup(ctx, "delete visitor of", group, func(id int64) error {
		_, err := s.writes.deleteVisitor.Exec(id, jid)
		return err
	})
	return ignoreNoGroup(err)
}

// StoreSubscription implements [roster.Store].
func (s *sqlite) StoreSubscription(ctx context.Context, group string, sub roster.SubscriptionRecord) error {
	return s.inGroup(ctx, "store subscription to", group, func(id int64) error {
		return s.storeSubscription(id, sub)
	})
}

// DeleteSubscriptions implements [roster.Store].
func (s *sqlite) DeleteSubscriptions(ctx context.Context, group string, ids ...string) error {
	err := s.inGroup(ctx, "delete subscriptions to", group, func(id int64) error {
		for _, sub := range ids {
			if _, err := s.writes.deleteSubscription.Exec(id, sub); err != nil {
				return err
			}
		}
		return nil
	})
	return ignoreNoGroup(err)
}

// StoreContact implements [roster.Store].
func (s *sqlite) StoreContact(ctx context.Context, group, jid string) error {
	return s.inGroup(ctx, "store contact of", group, func(id int64) error {
		_, err := s.writes.storeContact.Exec(id, jid)
		return err
	})
}

// DeleteContact implements [roster.Store].
func (s *sqlite) DeleteContact(ctx context.Context, group, jid string) error {
	err := s.inGroup(ctx, "delete contact of", group, func(id int64) error {
		_, err := s.writes.deleteContact.Exec(id, jid)
		return err
	})
	return ignoreNoGroup(err)
}

// StoreAuthorization implements [roster.Store].
func (s *sqlite) StoreAuthorization(ctx context.Context, group, jid, rules string) error {
	return s.inGroup(ctx, "store authorization in", group, func(id int64) error {
		if _, err := s.writes.storeAuthorization.Exec(id, jid, rules); err != nil {
			return err
		}
		return s.notePolicy(ctx, id, audit.PolicySet, group, jid, rules)
	})
}

// DeleteAuthorization implements [roster.Store].
func (s *sqlite) DeleteAuthorization(ctx context.Context, group, jid string) error {
	err := s.inGroup(ctx, "delete authorization in", group, func(id int64) error {
		res, err := s.writes.deleteAuthorization.Exec(id, jid)
		if err := affected(res, err, errNothing); err != nil {
			return err
		}
		return s.notePolicy(ctx, id, audit.PolicyDefault, group, jid, "")
	})
	return ignoreNoGroup(err)
}

// StoreHook implements [roster.Store].
func (s *sqlite) StoreHook(ctx context.Context, group string, h roster.HookRecord) error {
	return s.inGroup(ctx, "store webhook of", group, func(id int64) error {
		if err := s.storeHook(id, h); err != nil {
			return err
		}
		detail := h.Name + " " + h.Where()
		if h.Ended != "" {
			detail = h.Name + " ended: " + h.Ended
		}
		return s.note(ctx, audit.HookSet, group, "", detail)
	})
}

func (s *sqlite) storeHook(group int64, h roster.HookRecord) error {
	_, err := s.writes.storeHook.Exec(group, h.Name, h.URL, h.Secret, h.Format, h.By, h.Ended)
	return err
}

// DeleteHook implements [roster.Store].
func (s *sqlite) DeleteHook(ctx context.Context, group, name string) error {
	err := s.inGroup(ctx, "delete webhook of", group, func(id int64) error {
		res, err := s.writes.deleteHook.Exec(id, name)
		if err := affected(res, err, errNothing); err != nil {
			return err
		}
		return s.note(ctx, audit.HookRemove, group, "", name)
	})
	return ignoreNoGroup(err)
}

// ignoreNoGroup is for what may be deleted twice: with the group gone, all
// that belonged to it is gone.
func ignoreNoGroup(err error) error {
	if errors.Is(err, roster.ErrNoGroup) || errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// errNothing: there was nothing to delete.
var errNothing = errors.New("nothing there")

// do runs c in a transaction and says in its error what was attempted.
func (s *sqlite) do(ctx context.Context, doing, group string, c change) error {
	if err := s.batch.do(ctx, c); err != nil {
		return fmt.Errorf("%s %s: %w", doing, group, s.batch.meter.failed(explain(err)))
	}
	return nil
}

// inGroup is do for changes inside an existing group. ErrNoGroup.
func (s *sqlite) inGroup(ctx context.Context, doing, group string, c func(id int64) error) error {
	return s.do(ctx, doing, group, func() error {
		var id int64
		err := s.writes.groupID.QueryRow(group).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return roster.ErrNoGroup
		}
		if err != nil {
			return err
		}
		return c(id)
	})
}

func (s *sqlite) storeMembers(group int64, members []roster.MemberRecord) error {
	for _, m := range members {
		_, err := s.writes.storeMember.Exec(group, m.JID, m.Nick, m.Affiliation.String(),
			encode(m.Roles), encode(m.Attributes), m.Ask.String(), m.Agreed, m.Elsewhere, m.ByContact,
			m.Said, m.Trusts, m.Precision.String(), m.Combination.String())
		if err == nil { // who is a member is no visitor any more
			_, err = s.writes.deleteVisitor.Exec(group, m.JID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sqlite) storeSubscription(group int64, sub roster.SubscriptionRecord) error {
	_, err := s.writes.storeSubscription.Exec(group, sub.ID, sub.Node, sub.JID, sub.Owner, sub.Receiving, sub.Manner, sub.Pending, sub.Outpost)
	return err
}

// affected turns a change of no row into none.
func affected(res sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return none
	}
	return err
}

// encode writes a list as JSON. Lists of strings cannot fail.
func encode[T string | roster.Attribute | roster.Agreement](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list)
	return string(b)
}
