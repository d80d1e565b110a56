package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// Options describe the browser and its page.
type Options struct {
	Dir           string // its own directory
	Width, Height int    // of the page
}

// Browser is a running Chromium.
type Browser struct {
	pipe     *pipe
	chromium *lab.Program
	session  string // of the page
}

// Start starts Chromium with an empty page.
func Start(ctx context.Context, o Options) (*Browser, error) {
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start chromium: %w", errors.Join(err, theirIn.Close(), ourOut.Close()))
	}
	chromium, err := lab.StartProgram(lab.ProgramOptions{
		Dir: o.Dir, Log: filepath.Join(o.Dir, "chromium.log"), Files: []*os.File{theirIn, theirOut},
		Env: []string{"HOME=" + o.Dir, "XDG_CONFIG_HOME=" + o.Dir, "XDG_CACHE_HOME=" + o.Dir, "LANG=C.UTF-8", "LANGUAGE=en"},
	}, "chromium", "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+filepath.Join(o.Dir, "profile"), "--no-first-run", "--disable-extensions", "--disable-background-networking",
		"--disable-component-update", "--disable-breakpad", "--hide-scrollbars", "--lang=en", "about:blank")
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		return nil, errors.Join(err, ourOut.Close(), ourIn.Close())
	}
	b := &Browser{pipe: newPipe(ourOut, ourIn), chromium: chromium}
	if err := b.prepare(ctx, o); err != nil {
		return nil, fmt.Errorf("start chromium: %w", errors.Join(err, b.Stop()))
	}
	return b, nil
}

// prepare makes the page, of the size wanted, on which nothing moves.
func (b *Browser) prepare(ctx context.Context, o Options) error {
	var target struct{ TargetID string }
	if err := b.pipe.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var attached struct{ SessionID string }
	if err := b.pipe.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return err
	}
	b.session = attached.SessionID
	size := map[string]any{"width": o.Width, "height": o.Height, "deviceScaleFactor": 1, "mobile": false}
	if err := b.call(ctx, "Emulation.setDeviceMetricsOverride", size, nil); err != nil {
		return err
	}
	calm := map[string]any{"features": []map[string]string{{"name": "prefers-reduced-motion", "value": "reduce"}}}
	return b.call(ctx, "Emulation.setEmulatedMedia", calm, nil)
}

func (b *Browser) call(ctx context.Context, method string, params, result any) error {
	return b.pipe.call(ctx, b.session, method, params, result)
}

// Open goes to an address.
func (b *Browser) Open(ctx context.Context, url string) error {
	var went struct{ ErrorText string }
	if err := b.call(ctx, "Page.navigate", map[string]any{"url": url}, &went); err != nil {
		return err
	}
	if went.ErrorText != "" {
		return fmt.Errorf("%w: open %s: %s", errBrowser, url, went.ErrorText)
	}
	return nil
}

// Eval runs JavaScript in the page, waits for what it promises, and decodes
// its value into result, which may be nil.
func (b *Browser) Eval(ctx context.Context, script string, result any) error {
	var said struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	if result != nil {
		said.Result.Value = result
	}
	err := b.call(ctx, "Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &said)
	if err == nil && said.ExceptionDetails != nil {
		err = fmt.Errorf("%w: %s", errBrowser, said.ExceptionDetails.Exception.Description)
	}
	return err
}

// Until asks the page again and again until a condition holds. What it throws
// means that it is too early.
func (b *Browser) Until(ctx context.Context, what, condition string) error {
	return b.chromium.Until(ctx, what, func() (holds bool, err error) {
		err = b.Eval(ctx, "Boolean("+condition+")", &holds)
		return holds, err
	})
}

// Type types text where the cursor is.
func (b *Browser) Type(ctx context.Context, text string) error {
	return b.call(ctx, "Input.insertText", map[string]any{"text": text}, nil)
}

// Enter presses Enter.
func (b *Browser) Enter(ctx context.Context) error {
	for _, kind := range []string{"keyDown", "keyUp"} {
		key := map[string]any{"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
		if err := b.call(ctx, "Input.dispatchKeyEvent", key, nil); err != nil {
			return err
		}
	}
	return nil
}

// Picture is what the page looks like, as PNG.
func (b *Browser) Picture(ctx context.Context) ([]byte, error) {
	var shot struct{ Data []byte }
	err := b.call(ctx, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	return shot.Data, err
}

// Quote is text as JavaScript.
func Quote(text string) string { return strconv.QuoteToASCII(text) }

// Stop ends the browser.
func (b *Browser) Stop() error {
	return errors.Join(b.chromium.Stop(), b.pipe.close())
}
