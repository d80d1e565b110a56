// Package browser is a real Chromium without a screen, with one page, that a
// program looks at and works with.
//
//	b, err := browser.Start(ctx, browser.Options{Dir: dir, Width: 900, Height: 600})
//	…
//	defer b.Stop()
//	err = b.Open(ctx, "http://127.0.0.1:8080/")
//	err = b.Until(ctx, "the greeting", `document.body.innerText.includes('Hello')`)
//
// It speaks the DevTools protocol over two pipes: no port is open, and the
// browser ends with us. A few methods of the protocol are enough here, so there
// is no library for it, whose types alone would take a minute to compile.
//
// It needs Debian's package chromium.
package browser
