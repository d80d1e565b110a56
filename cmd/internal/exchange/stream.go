package exchange

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	format  = "rollcall"
	version = 1
)

var errFormat = errors.New("is no export of rollcall")

// Writer writes an export, a group at a time.
type Writer struct {
	w     *bufio.Writer
	comma string
}

// NewWriter begins an export.
func NewWriter(w io.Writer) *Writer {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "{\"format\": %q, \"version\": %d, \"groups\": [", format, version)
	return &Writer{w: b}
}

// Group writes one group.
func (w *Writer) Group(g *Group) error {
	line, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("export %s: %w", g.Name, err)
	}
	_, err = fmt.Fprintf(w.w, "%s\n%s", w.comma, line)
	w.comma = ","
	return err
}

// Close ends the export; without it, it cannot be read.
func (w *Writer) Close() error {
	_, _ = w.w.WriteString("\n]}\n") // Flush returns its error
	return w.w.Flush()
}

// Read calls each with every group of an export. total is not known before
// the end.
func Read(r io.Reader, each func(*Group) error) error {
	d := json.NewDecoder(bufio.NewReader(r))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errFormat, err)
	}
	var known string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", errFormat, err)
		}
		switch key {
		case "format":
			if err := d.Decode(&known); err != nil || known != format {
				return errors.Join(errFormat, err)
			}
		case "version":
			var v int
			if err := d.Decode(&v); err != nil || v < 1 || v > version {
				return fmt.Errorf("version %d of the format is not known: install the newer program (%w)", v, errFormat)
			}
		case "groups":
			if known != format {
				return errFormat
			}
			if err := readGroups(d, each); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: %v is not known", errFormat, key)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: it ends too early", errFormat)
	}
	if known != format {
		return errFormat
	}
	return nil
}

func readGroups(d *json.Decoder, each func(*Group) error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(errFormat, err)
	}
	for d.More() {
		var g Group
		if err := d.Decode(&g); err != nil {
			return fmt.Errorf("%w: %w", errFormat, err)
		}
		if err := each(&g); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: it ends too early", errFormat)
	}
	return nil
}
