package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// migrations is the schema's history, to be applied to db.
func migrations(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return p, nil
}

// migrate brings db to the newest schema that this program knows, each step
// in a transaction of its own. Before it touches a database that has a schema,
// it calls keep with that version. ErrNewer when db is beyond ours.
func migrate(ctx context.Context, db *sql.DB, keep func(have int64) error) error {
	p, err := migrations(db)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > want {
		return newer(have, want)
	}
	if have == want {
		return nil
	}
	if have > 0 {
		if err := keep(have); err != nil {
			return fmt.Errorf("keep a copy of schema version %d before it is migrated to %d: %w", have, want, err)
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", have, want, err)
	}
	return nil
}

func newer(have, want int64) error {
	return fmt.Errorf("%w: its schema is version %d, this program knows %d; install the newer program or use another file",
		ErrNewer, have, want)
}

// newestSchema is the version that this program knows.
func newestSchema() (newest int64, err error) {
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	for _, name := range names {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("read schema: %w", err)
		}
		newest = max(newest, n)
	}
	return newest, err
}
