// Package store remembers what must survive a restart: groups, members,
// subscriptions, contacts and policies. It implements [roster.Store].
//
// [Open] takes the url of the configuration's [store] section:
//
//	sqlite:rollcall.db          a file, made with mode 0600 if it is missing
//	sqlite:/var/lib/x/team.db   the same, by its full path
//	sqlite::memory:             a database that ends with the process, for tests
//
// [Memory] is a store in a map, for tests and fuzzing. Both pass the contract
// of package storetest, which any further driver has to pass too.
//
// # What a nil error means
//
// A write returns nil only after its transaction was committed and synced to
// the disk; a kill -9 or a power cut after that loses nothing. A write that
// returns an error has changed nothing. A caller whose context ends while his
// write waits for its turn gets the context's error; once its transaction has
// begun, he waits for the outcome, because nobody else could tell him.
//
// # Group commit
//
// One fsync costs more than the rest of a write. So writes queue, and whoever
// gets the turn runs everything that is waiting in one transaction, each write
// inside a savepoint of its own, and answers all of them after the one commit
// (batch.go). A write that is refused undoes its savepoint and nobody else's.
// No goroutine belongs to the store.
//
// # When the disk fails
//
// A full disk, a file that cannot be written, one that somebody else has
// locked for more than five seconds, damage: [ErrFull], [ErrReadOnly],
// [ErrLocked], [ErrCorrupt]. Nothing has changed then, what is stored can
// still be read, and the next write is tried like any other.
//
// # Backup
//
// [Backup] copies a store that may be in use, with SQLite's backup API, within
// one reading transaction: it is the state of one moment, and neither waits for
// the other. [Restore] puts a copy in the place of a store that is not in use,
// and [Verify] checks either. All three give a file its name only when it is
// complete, checked and synced.
//
// # Schema
//
// The files of schema/ are numbered migrations, embedded in the program and
// run at [Open]. Before that the file is copied to one of the same name with
// the old version, such as rollcall.db.schema-2; without a copy there is no
// migration. A file that a newer Rollcall has migrated is refused with
// [ErrNewer], and is left as it is. Enumerations are kept by their names on
// the wire, lists as JSON, policies as the text that people edit, so that the
// file can be read with the sqlite3 tool.
package store
