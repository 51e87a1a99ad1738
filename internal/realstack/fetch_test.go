package realstack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// shelf stands for Maven: it writes one file a server.
type shelf struct {
	calls atomic.Int32
	log   *syncBuffer
	said  string // what was on the log when the first download began
	began func() // called when the first download begins, if set
	fail  error  // after the file was written
}

func (s *shelf) kafka(_ context.Context, dir string) error { return s.put(dir) }

func (s *shelf) registry(_ context.Context, dir string) error { return s.put(dir) }

func (s *shelf) put(dir string) error {
	if s.calls.Add(1) == 1 {
		s.said = s.log.String()
		if s.began != nil {
			s.began()
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "program.jar"), []byte("x"), 0o600); err != nil {
		return err
	}
	return s.fail
}

type syncBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written chan struct{} // if set, receives once a write
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.written != nil {
		b.written <- struct{}{}
	}
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestFetchDownloadsOnceAndAnnouncesIt(t *testing.T) {
	t.Parallel()
	cache := filepath.Join(t.TempDir(), "new", "cache")
	const others = 3
	s := &shelf{log: &syncBuffer{written: make(chan struct{}, 100)}}
	var wg sync.WaitGroup
	one := func() {
		software, err := fetch(t.Context(), cache, s.log, s)
		if err != nil {
			t.Error(err)
		} else if !exists(filepath.Join(software.KafkaLib, "program.jar")) {
			t.Errorf("%s is not filled", software.KafkaLib)
		}
	}
	// The others come when the first has begun, and it ends when they all wait.
	s.began = func() {
		for range others {
			wg.Go(one)
		}
		for range others + 1 { // the announcement, then each that waits
			<-s.log.written
		}
	}
	wg.Go(one)
	wg.Wait()
	if n := s.calls.Load(); n != 2 {
		t.Errorf("%d downloads, want one a server", n)
	}
	if n := strings.Count(s.log.String(), "downloading "); n != 1 {
		t.Errorf("announced %d times:\n%s", n, s.log)
	}
	if want := "downloading Apache Kafka 4.3.1 and Apicurio Registry 3.0.9 from Maven Central"; !strings.HasPrefix(s.said, want) || !strings.Contains(s.said, cache) {
		t.Errorf("said before the download: %q", s.said)
	}
}

func TestFetchTakesNothingHalfDownloaded(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	broken := &shelf{log: &syncBuffer{}, fail: errors.New("connection lost")}
	if _, err := fetch(t.Context(), cache, broken.log, broken); err == nil || !strings.Contains(err.Error(), "connection lost") {
		t.Fatalf("error: %v", err)
	}
	// What a killed process leaves: nobody removed the folder that it was filling.
	if err := os.Mkdir(filepath.Join(cache, ".partial-killed"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := &shelf{log: &syncBuffer{}}
	if _, err := fetch(t.Context(), cache, s.log, s); err != nil {
		t.Fatal(err)
	}
	if n := s.calls.Load(); n != 2 {
		t.Errorf("%d downloads after a failed one, want 2", n)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, ".partial-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUntarKeepsInside(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"lib/a.jar": false, "../a.jar": true, "lib/../../a.jar": true, "/a.jar": true} {
		archive := filepath.Join(t.TempDir(), "a.tar.gz")
		writeArchive(t, archive, &tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 1, Mode: 0o644})
		dir := t.TempDir()
		err := untar(archive, dir)
		if (err != nil) != refused {
			t.Errorf("%s: refused %v, want %v (%v)", name, err != nil, refused, err)
		}
		if !refused && !exists(filepath.Join(dir, name)) {
			t.Errorf("%s was not unpacked", name)
		}
	}
	archive := filepath.Join(t.TempDir(), "a.tar.gz")
	writeArchive(t, archive, &tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc"})
	if err := untar(archive, t.TempDir()); err == nil {
		t.Error("a link was unpacked")
	}
}

func writeArchive(t *testing.T, path string, h *tar.Header) {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	err := errors.Join(w.WriteHeader(h), writeN(w, h.Size), w.Close(), zipped.Close(), nil)
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func writeN(w *tar.Writer, n int64) error {
	_, err := w.Write(make([]byte, n))
	return err
}
