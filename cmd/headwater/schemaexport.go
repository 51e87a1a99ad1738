package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

// asyncAPIFile is the name of the document that is written beside the schemas.
const asyncAPIFile = "asyncapi.yaml"

// schemaExportFlags say where the files are.
type schemaExportFlags struct {
	dir   string
	check bool
	json  bool
}

func (a *app) schemaExportCommand() *cobra.Command {
	var flags schemaExportFlags
	c := &cobra.Command{
		Use:   "export [resource…]",
		Short: "Writes the registered schemas as .avsc files, and an AsyncAPI document of all topics",
		Long: `Writes the latest registered schema of each resource to TOPIC-value.avsc, and ` + asyncAPIFile + `, an AsyncAPI 3.0 document of all topics, from which
consumers can generate code. With resources named only their .avsc files are written; the document always describes all. Files that are
there and differ are replaced, whole or not at all, and named. The same registry gives the same bytes.

With --check nothing is written: exit code 1 says that the files are not what is registered. Neither Kafka nor the API is asked.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.schemaExport(c.Context(), args, flags) },
	}
	c.Flags().StringVar(&flags.dir, "dir", "schemas", "the folder of the files; made if it is not there")
	_ = c.MarkFlagDirname("dir") // there is such a flag
	c.Flags().BoolVar(&flags.check, "check", false, "write nothing, and tell which files are not what is registered")
	c.Flags().BoolVar(&flags.json, "json", false, "as JSON")
	return c
}

// exported is a file, and what became of it.
type exported struct {
	Path   string `json:"path"`
	Status string `json:"status"` // exportUnchanged and so on
	text   []byte
}

const (
	exportUnchanged = "unchanged"
	exportWritten   = "written"
	exportReplaced  = "replaced" // a file that was there and said something else
	exportMissing   = "missing"  // with --check
	exportDiffers   = "differs"  // with --check
)

func (a *app) schemaExport(ctx context.Context, resources []string, flags schemaExportFlags) error {
	s, err := a.openSubjects(resources)
	if err != nil {
		return err
	}
	defer s.close()
	found, err := s.read(ctx, selection(s.source, nil))
	if err != nil {
		return err
	}
	named, err := s.read(ctx, s.selected)
	if err != nil {
		return err
	}
	missing := s.missing(resources, named)
	files, err := s.files(flags.dir, named, found)
	if err != nil {
		return err
	}
	failed := 0
	for _, f := range files {
		if err := f.put(flags.check); err != nil {
			return errors.Join(a.printExported(files[:slices.Index(files, f)], flags.json), err)
		}
		if f.Status == exportMissing || f.Status == exportDiffers {
			failed++
		}
	}
	if err := errors.Join(a.printExported(files, flags.json), missing); err != nil || failed == 0 {
		return err
	}
	return fmt.Errorf("%d of %s not what is registered: run headwater schema export", failed, counted(int64(len(files)), "file"))
}

// files are the schemas of named, and the document of all that was found.
func (s *subjects) files(dir string, named, found []*registered) ([]*exported, error) {
	var files []*exported
	for _, r := range named {
		var text bytes.Buffer
		if err := json.Indent(&text, r.latest().Schema, "", "  "); err != nil {
			return nil, fmt.Errorf("version %d of %s: %w", r.latest().Version, r.Subject, err)
		}
		text.WriteByte('\n')
		files = append(files, &exported{Path: filepath.Join(dir, r.Subject+".avsc"), text: text.Bytes()})
	}
	document, err := s.asyncAPI(found)
	if err != nil {
		return nil, err
	}
	return append(files, &exported{Path: filepath.Join(dir, asyncAPIFile), text: document}), nil
}

// put writes the file if it is not there as it should be, or with check says so. A file is replaced whole: who reads it meanwhile sees the
// old one or the new one, and a write that fails leaves the old one.
func (f *exported) put(check bool) error {
	had, err := os.ReadFile(f.Path)
	there := err == nil
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case there && bytes.Equal(had, f.text):
		f.Status = exportUnchanged
		return nil
	case check && there:
		f.Status = exportDiffers
		return nil
	case check:
		f.Status = exportMissing
		return nil
	case there:
		f.Status = exportReplaced
	default:
		f.Status = exportWritten
	}
	return replaceFile(f.Path, f.text)
}

// replaceFile writes a file beside path and gives it that name once all of it is on the disk.
func replaceFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // schemas are no secret
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".partial-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // it is gone once it has its name
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(temporary.Name(), path)
}

func (a *app) printExported(files []*exported, asJSON bool) error {
	if asJSON {
		if files == nil {
			files = []*exported{} // a list, also when it is empty
		}
		return a.writeJSON(files)
	}
	rows := make([][]string, len(files))
	for i, f := range files {
		rows[i] = []string{f.Status, f.Path}
	}
	return writeTable(a.stdout, rows)
}
