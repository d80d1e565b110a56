package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// Report is what a store holds.
type Report struct {
	Schema        int64 `json:"schema"` // version
	Bytes         int64 `json:"bytes"`  // of the database
	Groups        int   `json:"groups"`
	Members       int   `json:"members"`
	Subscriptions int   `json:"subscriptions"`
	Contacts      int   `json:"contacts"`
}

// maxProblems is how much damage is told; the first lines say enough.
const maxProblems = 10

// Verify checks a database or a backup: SQLite's own integrity check, that
// every row belongs to a group that is there, the schema's version, and, if it
// is today's, that every record can be read. The file may be in use. progress
// counts groups. ErrCorrupt, with the damage; ErrNewer.
func Verify(ctx context.Context, path string, progress Progress) (*Report, error) {
	r, err := verify(ctx, path, progress)
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", path, err)
	}
	return r, nil
}

func verify(ctx context.Context, path string, progress Progress) (*Report, error) {
	c, err := openSource(path)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := sound(ctx, c); err != nil {
		return nil, err
	}
	r, err := measure(ctx, c)
	if err != nil {
		return nil, err
	}
	newest, err := newestSchema()
	if err != nil {
		return nil, err
	}
	if r.Schema > newest {
		return nil, newer(r.Schema, newest)
	}
	if r.Schema == newest {
		err = legible(ctx, path, progress)
	}
	return r, err
}

// sound is what SQLite says about the file.
func sound(ctx context.Context, c *sqlite3.SQLiteConn) error {
	damage, err := texts(ctx, c, fmt.Sprintf("PRAGMA integrity_check(%d)", maxProblems))
	if err != nil {
		return err
	}
	var problems []string
	for _, row := range damage {
		if row[0] != "ok" {
			problems = append(problems, strings.TrimSpace(row[0]))
		}
	}
	strays, err := texts(ctx, c, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	for _, row := range strays[:min(len(strays), maxProblems)] {
		problems = append(problems, fmt.Sprintf("a row of %s belongs to no %s", row[0], row[2]))
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %s", ErrCorrupt, strings.Join(problems, "; "))
	}
	return nil
}

// errForeign: SQLite can read it and Rollcall did not write it.
var errForeign = errors.New("is a database, but not one of rollcall")

func measure(ctx context.Context, c *sqlite3.SQLiteConn) (*Report, error) {
	rows, err := texts(ctx, c, "SELECT count(*) FROM sqlite_schema WHERE name IN ('goose_db_version', 'groups', 'members')")
	if err != nil {
		return nil, err
	}
	if rows[0][0] != "3" {
		return nil, errForeign
	}
	r := &Report{}
	for query, to := range map[string]func(int64){
		"SELECT max(version_id) FROM goose_db_version WHERE is_applied":          func(n int64) { r.Schema = n },
		"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size": func(n int64) { r.Bytes = n },
		"SELECT count(*) FROM groups":                                            func(n int64) { r.Groups = int(n) },
		"SELECT count(*) FROM members":                                           func(n int64) { r.Members = int(n) },
		"SELECT count(*) FROM subscriptions":                                     func(n int64) { r.Subscriptions = int(n) },
		"SELECT count(*) FROM contacts":                                          func(n int64) { r.Contacts = int(n) },
	} {
		rows, err := texts(ctx, c, query)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(rows[0][0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		to(n)
	}
	return r, nil
}

// legible reads all there is.
func legible(ctx context.Context, path string, progress Progress) (err error) {
	read, err := existing(path, readOnly(path)...)
	if err != nil {
		return err
	}
	s := &sqlite{batch: newBatcher(nil)}
	defer func() { err = errors.Join(err, s.closeAll()) }()
	if err := s.openReaders(ctx, read); err != nil {
		return err
	}
	names, err := s.ListGroups(ctx)
	if err != nil {
		return err
	}
	for i, name := range names {
		if _, err := s.GetGroup(ctx, name); err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		progress.tell(i+1, len(names))
	}
	return nil
}
