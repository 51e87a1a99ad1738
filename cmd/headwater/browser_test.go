package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browsers are programs of Chromium, in the order in which they are tried.
var browsers = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}

// tab is a tab of a headless Chromium of its own. It writes down what it asks for and complains about.
type tab struct {
	*testing.T
	ctx context.Context

	mu     sync.Mutex
	asked  []string // URLs
	faults []string // of scripts, of the console, of the content security policy
	loads  int
	loaded chan struct{} // closed and replaced with every load of a document
}

// openTab skips the test where there is no Chromium; with E2E=required that is an error.
func openTab(t *testing.T) *tab {
	t.Helper()
	i := slices.IndexFunc(browsers, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if i < 0 {
		if os.Getenv("E2E") == "required" {
			t.Fatal("E2E=required, but this machine has no Chromium: install chromium-headless-shell or chromium (Debian's packages)")
		}
		t.Skip("this machine has no Chromium (" + strings.Join(browsers, ", ") + "): the status page is not looked at")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browsers[i]), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium refuses to run as root with it
	}
	allocator, release := chromedp.NewExecAllocator(deadline(t), opts...)
	ctx, cancel := chromedp.NewContext(allocator)
	b := &tab{T: t, ctx: ctx, loaded: make(chan struct{})}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		cancel()
		release()
	})
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("start %s: %v", browsers[i], err)
	}
	for _, err := range []error{call(ctx, network.Enable, network.EnableParams{}), call(ctx, log.Enable, cdp.Empty{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func call[P, R any](ctx context.Context, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(ctx, command, params)
	return err
}

func (b *tab) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	case *log.EventEntryAdded:
		b.faults = append(b.faults, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
	case *runtime.EventConsoleAPICalled:
		b.faults = append(b.faults, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, "exception: "+e.ExceptionDetails.Text)
	case *page.EventLoadEventFired:
		b.loads++
		close(b.loaded)
		b.loaded = make(chan struct{})
	}
}

// open navigates, and does not wait for more than the document.
func (b *tab) open(url string) {
	b.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.Fatalf("open %s: %v", url, err)
	}
}

// size makes the tab as large as a screen, or, with a pointer that is a finger, as a phone.
func (b *tab) size(width, height int64, phone bool) {
	b.Helper()
	var opts []chromedp.EmulateViewportOption
	if phone {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height, opts...)); err != nil {
		b.Fatal(err)
	}
}

// is evaluates an expression in the page.
func is[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits until a condition holds in the page, of which nothing but its own script changes anything.
func (b *tab) until(condition string) {
	b.Helper()
	const promise = `new Promise(done => {
		let seen;
		const look = () => { if (%s) { if (seen) seen.disconnect(); done(true); return true } };
		if (look()) return;
		seen = new MutationObserver(look);
		seen.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
	})`
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(promise, condition), chromedp.EvalAwaitPromise)); err != nil {
		text, _ := chromedp.Run(context.WithoutCancel(b.ctx), chromedp.Evaluate[string](`document.body.innerText`))
		b.Fatalf("%s does not come: %v\n%s", condition, err, text)
	}
}

// wellBehaved fails the test where the page asked somebody else than its server, or something went wrong in it.
func (b *tab) wellBehaved(server string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	own := 0
	for _, url := range b.asked {
		switch {
		case strings.HasPrefix(url, server+"/"):
			own++
		case !strings.HasPrefix(url, "data:"):
			b.Errorf("the page asks for %s", url)
		}
	}
	if own == 0 {
		b.Errorf("no request to %s was seen", server)
	}
	for _, f := range b.faults {
		b.Errorf("in the console: %s", f)
	}
}

// fits fails the test where the page is wider than the window.
func (b *tab) fits() {
	b.Helper()
	const widest = `[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest('thead')).map(e => e.tagName + '.' + e.className).slice(0, 5).join(' ')`
	if wide, window := is[int](b, `document.documentElement.scrollWidth`), is[int](b, `window.innerWidth`); wide > window {
		b.Errorf("the page is %d wide, the window %d: %s", wide, window, is[string](b, widest))
	}
}

// scripts switches the page's scripts on or off; what a test evaluates is none.
func (b *tab) scripts(on bool) {
	b.Helper()
	if err := call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		b.Fatal(err)
	}
}

// dark has the page believe that the reader wants it dark.
func (b *tab) dark(on bool) {
	b.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	p := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if err := call(b.ctx, emulation.SetEmulatedMedia, p); err != nil {
		b.Fatal(err)
	}
}

// loadsAgain returns after so many further documents were loaded.
func (b *tab) loadsAgain(times int) {
	b.Helper()
	b.mu.Lock()
	want := b.loads + times
	for b.loads < want {
		loaded := b.loaded
		b.mu.Unlock()
		select {
		case <-loaded:
		case <-b.ctx.Done():
			b.Fatal("the page is not loaded again")
		}
		b.mu.Lock()
	}
	b.mu.Unlock()
}

// picture is a PNG of what the window shows.
func (b *tab) picture() []byte {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.Fatal(err)
	}
	return png
}
