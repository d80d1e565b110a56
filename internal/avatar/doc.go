// Package avatar is the picture of a group: the one that it has as long as
// nobody gave it another ([Default]), and what there is to say of one that
// somebody gave ([Inspect]).
//
// # The default
//
// A square in the colour that XEP-0392 finds for the group's address, with one
// or two initials of its title in white, as large as there is room: a contact
// list shows it at 32 pixels or less. The same address and title give the same
// bytes, so that it need not be stored. Letters that the font has not are taken
// from the address; where that has none either, a pattern made of the address
// stands for them.
//
// # What somebody gave
//
// It is stored and passed on as it came, never decoded: nothing but its first
// bytes is looked at, for what it is and how large. What people's clients could
// choke on is refused: more than [MaxSize] bytes or [MaxSide] pixels a side, and
// whatever is no PNG, JPEG, GIF or WebP.
package avatar
