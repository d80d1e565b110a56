package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestDraw(t *testing.T) {
	var b strings.Builder
	in := " \x1b[1mTeam\x1b[0m\x1b[39m  R&D <x>\x1b[2m dim\n\x1b[0;32m▌●\x1b[39m Bo  busy\n\n\n"
	if err := draw(&b, strings.NewReader(in), "a & b", 40); err != nil {
		t.Fatal(err)
	}
	svg := b.String()
	for _, want := range []string{
		`>a &amp; b</text>`,
		`<text x="24.4" y="60" textLength="33.6" fill="#d5dae3" font-weight="700">Team</text>`,
		`<text x="74.8" y="60" textLength="58.8" fill="#d5dae3">R&amp;D &lt;x&gt;</text>`,
		`fill="#7b8594">dim</text>`,
		`<circle cx="28.6" cy="74.5" r="4" fill="#6bcf8b"/>`,
		`<text x="41.2" y="79" textLength="67.2" fill="#d5dae3">Bo  busy</text>`,
		`width="368" height="100"`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
