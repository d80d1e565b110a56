package manual

import (
	"fmt"
	"strings"
)

// page is a manual page that grows (man(7) macros).
type page struct{ strings.Builder }

func newPage(name, section, title string) *page {
	p := &page{}
	p.line(`.\" Made from the code by "make docs"; do not edit.`)
	p.line(`.TH %s %s "" Rollcall "%s"`, strings.ToUpper(name), section, title)
	p.line(".ad l") // ragged right: no holes between the words
	p.line(".nh")
	return p
}

// line writes a line of roff as it is.
func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// heading begins a section; what stands in brackets is a word of the file.
func (p *page) heading(text string) {
	if !strings.HasPrefix(text, "[") {
		text = strings.ToUpper(text)
	}
	p.line(".SH %s", text)
}

func (p *page) subheading(text string) { p.line(`.SS "%s"`, escape(text)) }

// text writes paragraphs. A block that is indented by four spaces is an
// example and stays as it is.
func (p *page) text(text string) {
	for block := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		if !strings.HasPrefix(block, "    ") {
			p.line(".PP\n%s", escape(strings.Join(strings.Fields(block), " ")))
			continue
		}
		p.line(".PP\n.RS 4\n.nf")
		for line := range strings.SplitSeq(block, "\n") {
			p.line("%s", escape(strings.TrimPrefix(line, "    ")))
		}
		p.line(".fi\n.RE")
	}
}

// item writes a term, in bold, and what it means below it.
func (p *page) item(term, text string) {
	p.line(".TP\n\\fB%s\\fR\n%s", escape(term), escape(text))
}

// escape makes text of what roff might read as a command.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", `"`, `\(dq`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
