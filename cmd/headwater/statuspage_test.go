package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

var (
	update   = flag.Bool("update", false, "take the picture of the status page that the documents show anew")
	pictures = flag.String("pictures", "", "`FOLDER`: put pictures of the status page there, to be looked at")
)

// watched is a worker on embedded servers whose status page is looked at.
type watched struct {
	*testing.T
	stack
	page string // its URL, without the slash at its end
	stop func()
}

// watch starts a worker. What fault asks the sample API for is in force from the start (see its control endpoints).
func watch(t *testing.T, faults ...string) *watched {
	t.Helper()
	s, err := sandbox.Start(sandbox.StackConfig{
		API:     sandbox.APIConfig{Size: 200, Token: token},
		APIAddr: "127.0.0.1:0", Broker: -1, Registry: sandbox.RegistryConfig{Addr: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w := &watched{T: t, stack: stack{s}}
	for _, f := range faults {
		w.control("fail?" + f)
	}
	env := w.env()
	env["HEADWATER_METRICS_ADDR"], env["HEADWATER_POLL_INTERVAL"], env["HEADWATER_SNAPSHOT_INTERVAL"] = "127.0.0.1:0", "1s", "1s"
	ctx, cancel := context.WithCancel(deadline(t))
	c := newCommand(env)
	wait := c.start(t, ctx, "run")
	w.stop = func() { cancel(); wait() }
	t.Cleanup(w.stop)
	c.stderr.wait(t, ctx, "status page")
	m := regexp.MustCompile(`status page\D* at (http://\S+)`).FindStringSubmatch(c.stderr.String())
	if m == nil {
		t.Fatal(c.stderr)
	}
	w.page = m[1]
	return w
}

// control has the sample API do something.
func (w *watched) control(what string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.API.URL()+"/_sandbox/"+what, nil)
	if err != nil {
		w.Fatal(err)
	}
	client := &http.Client{}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		w.Fatalf("%s: %s", what, text)
	}
}

// picture writes a picture into the folder that -pictures names.
func (b *tab) keep(name string) {
	b.Helper()
	if *pictures == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), b.picture(), 0o600); err != nil {
		b.Fatal(err)
	}
}

// of is a resource's row in the page.
func of(resource string) string {
	return fmt.Sprintf(`document.querySelector('tr[data-resource="%s"]')`, resource)
}

const (
	headline = `document.getElementById('says').textContent`
	problems = `document.getElementById('problems').innerText`
	events   = `document.getElementById('events').innerText`
)

// slowly has every request for activity logs take half a second: nobody misses the windows of their backfill.
const slowly = "resource=activity_logs&permanent=1&slow=500ms"

// The page is opened once and then left alone: it follows a backfill from its start to its end, and a failure and its recovery.
func TestStatusPage(t *testing.T) {
	b := openTab(t)
	w := watch(t, slowly)
	b.size(1280, 1400, false)
	b.open(w.page + "/")

	logs := of("activity_logs")
	b.until(logs + `.innerText.includes('backfill') && ` + logs + `.querySelector('progress')?.value < 2`)
	b.until(logs + `.querySelector('progress')?.value > 0 && ` + logs + `.querySelector('progress').value < ` + logs + `.querySelector('progress').max`)
	b.until(headline + `.includes('Reading: ')`)
	if rate := is[string](b, `document.querySelector('.total').textContent`); !regexp.MustCompile(`^[1-9][\d,.]* records/s$`).MatchString(rate) {
		t.Errorf("a backfill of %s", rate)
	}
	b.keep("backfill")
	w.control("heal")
	b.until(headline + `.includes('All well: 13 resources current')`)
	b.until(events + `.match(/backfill\s+activity_logs is complete/) && ` + events + `.match(/schema\s+activity_logs version 1: registered/) && ` + events + `.includes('has taken lanes 0–15')`)
	if is[bool](b, logs+`.innerText.includes('backfill')`) || !is[bool](b, logs+`.innerText.match(/v1\s+id \d+/) != null`) {
		t.Error(is[string](b, logs+`.innerText`))
	}
	if title := is[string](b, `document.title`); title != "All well: 13 resources current · Intercom · Headwater" {
		t.Errorf("title: %s", title)
	}
	if shown := is[string](b, `document.getElementById('workers').innerText`); !strings.Contains(shown, "0–15") || !strings.Contains(shown, "this worker") {
		t.Errorf("workers: %s", shown)
	}
	if shown := is[string](b, `document.getElementById('budget').innerText`); !regexp.MustCompile(`\d+ of 1666 requests left`).MatchString(shown) {
		t.Errorf("budget: %s", shown)
	}
	b.keep("well")

	said := `"><script>window.broken = 1</script><img src=x onerror=window.broken=1>` + "\u202egnorw"
	w.control("fail?resource=tags&permanent=1&status=400&message=" + url.QueryEscape(said))
	b.until(headline + `.includes('tags is failing') && ` + of("tags") + `.innerText.includes('failing')`)
	shown := is[string](b, problems)
	for _, part := range []string{"tags", `"><script>window.broken = 1</script>`, `\u202egnorw`, "To do:", "it is tried again by itself"} {
		if !strings.Contains(shown, part) {
			t.Errorf("it is not said: %s\n%s", part, shown)
		}
	}
	if is[bool](b, `window.broken !== undefined || document.querySelector('main script, main img') != null`) {
		t.Error("what the API says is run")
	}
	b.keep("failing")
	w.control("heal")
	b.until(headline + `.includes('All well') && document.getElementById('problems').hidden && ` + events + `.match(/recovered\s+tags/)`)

	b.wellBehaved(w.page)
	w.stop()
	b.until(`!document.getElementById('silent').hidden && document.getElementById('silent').innerText.includes('No answer for')`)
	if !is[bool](b, headline+`.includes('All well') && document.title.startsWith('(no answer) ')`) {
		t.Error("what was known last is not shown any more")
	}
	b.keep("gone")
}

// An update changes nothing of where the reader is and what is selected.
func TestStatusPageStaysWhereItIs(t *testing.T) {
	b := openTab(t)
	w := watch(t)
	b.size(1280, 500, false)
	b.open(w.page + "/")
	b.until(headline + `.includes('All well')`)
	is[bool](b, `(() => { scrollTo(0, 300); getSelection().selectAllChildren(document.querySelector('#resources tbody th')); return true })()`)
	selected := is[string](b, `getSelection().toString()`)
	for range 2 {
		is[bool](b, `(window.was = document.getElementById('answers').textContent) != ''`)
		b.until(`window.was !== document.getElementById('answers').textContent`)
	}
	if y := is[int](b, `scrollY`); y != 300 {
		t.Errorf("the page has moved from 300 to %d", y)
	}
	if now := is[string](b, `getSelection().toString()`); now != selected || selected == "" {
		t.Errorf("selected was %q, and now %q", selected, now)
	}
	b.wellBehaved(w.page)
}

// Nothing has to be moved sideways, whatever is said, and however small the screen is.
func TestStatusPageFits(t *testing.T) {
	b := openTab(t)
	long := strings.Repeat("aVeryLongWordThatNobodyCanBreak", 40)
	w := watch(t, "resource=tags&permanent=1&status=400&message="+long, "resource=contacts&permanent=1&status=403&message="+long, slowly)
	for _, width := range []int64{320, 390, 768, 1120, 1121, 1280, 1920} {
		phone := width < 500
		b.size(width, 844, phone)
		b.open(w.page + "/")
		b.until(headline + `.includes('1 stopped, 1 failing')`)
		b.fits()
		if !phone {
			continue
		}
		if is[bool](b, `document.querySelector('#says').getBoundingClientRect().bottom > innerHeight / 2 || !document.querySelector('#problems').innerText.includes('contacts')`) {
			t.Error("what is wrong is not seen at once")
		}
		if size := is[float64](b, `parseFloat(getComputedStyle(document.querySelector('#resources td')).fontSize)`); size < 12 {
			t.Errorf("too small to read: %v", size)
		}
	}
	b.size(390, 844, true)
	b.keep("phone")
	b.dark(true)
	b.keep("phone-dark")
	b.wellBehaved(w.page)
}

// Without scripts the page is whole, and loads itself again.
func TestStatusPageWithoutScripts(t *testing.T) {
	b := openTab(t)
	w := watch(t)
	b.scripts(false)
	b.open(w.page + "/")
	for !is[bool](b, headline+`.includes('All well: 13 resources current')`) {
		b.loadsAgain(1)
	}
	if rows := is[int](b, `document.querySelectorAll('#resources tbody tr').length`); rows != 13 {
		t.Errorf("%d resources", rows)
	}
	b.wellBehaved(w.page)
}

// The picture in the documents is of this page: a backfill is on its way, and something is wrong.
func TestStatusPagePicture(t *testing.T) {
	if !*update {
		t.Skip("the picture is taken with -update")
	}
	b := openTab(t)
	w := watch(t, slowly, "resource=tags&permanent=1&status=400&message=sort+is+not+supported")
	b.size(1280, 1250, false)
	b.open(w.page + "/")
	b.until(headline + `.includes('tags is failing') && ` + of("activity_logs") + `.querySelector('progress')?.value > 5`)
	if err := os.WriteFile("../../docs/status-page.png", b.picture(), 0o600); err != nil {
		t.Fatal(err)
	}
}
