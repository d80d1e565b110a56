package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// chat is a room for each group (XEP-0045): no history, no subject, no
// messages, nothing kept.
type chat struct {
	nothing
	size size
}

func (*chat) options(server string) lab.Options {
	o := plain(server)
	if server == "prosody" {
		o.Extra.Component = `Component "` + rooms + `" "muc"
	modules_enabled = {}
	storage = "memory"
	muc_room_locking = false
	muc_tombstones = false
	muc_room_default_history_length = 0
	max_history_messages = 0
`
		return o
	}
	o.Extra.Modules = `
  mod_muc:
    host: "` + rooms + `"
    access: all
    history_size: 0
    max_users: 3000
    max_users_presence: 3000
    max_room_id: 100
    hibernation_timeout: infinity
    default_room_options:
      persistent: false
      logging: false
      mam: false
      allow_subscription: false
      max_users: 3000
`
	return o
}

func (*chat) service() string { return rooms }

func (c *chat) room(member int) string { return groupName(c.size.group(member)) + "@" + rooms }

// open lets the first of each group make the room, and then all in.
func (c *chat) open(ctx context.Context, x *cell) error {
	for i, s := range x.seats {
		join := fmt.Sprintf("<presence to='%s/%s'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>", c.room(i), userName(i))
		met := s.await(func(raw []byte) bool {
			return bytes.HasPrefix(raw, []byte("<presence")) && bytes.Contains(raw, []byte("110"))
		})
		s.say(join)
		if i%c.size.Members > 0 && i%64 > 0 {
			continue // a few may be on their way
		}
		if err := x.wait(ctx, met, "enter "+c.room(i)); err != nil {
			return err
		}
		if i%c.size.Members == 0 {
			_, err := s.ask(ctx, c.room(i), "set", "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>")
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *chat) change(b []byte, member int, seq uint32) []byte {
	b = append(append(b, "<presence to='"...), c.room(member)...)
	b = append(append(append(b, '/'), userName(member)...), "'>"...)
	return append(state(b, member, seq), "</presence>"...)
}
