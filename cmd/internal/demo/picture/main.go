package main

import (
	"bufio"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"strconv"
	"strings"
)

// The measures of a character, and of the window around the text, in pixels.
const (
	cellW, cellH = 8.4, 19.0
	padX, padTop = 16.0, 46.0
	padBottom    = 16.0
	baseline     = 14.0 // of a line, from its top
)

const (
	background = "#15181f"
	foreground = "#d5dae3"
	faint      = "#7b8594"
)

var colors = map[string]string{"31": "#f2777a", "32": "#6bcf8b", "33": "#e8c56b", "34": "#7aa6f2", "35": "#c99bef", "36": "#5fc9d8"}

func main() {
	title := flag.String("title", "", "what stands on the window's bar")
	columns := flag.Int("columns", 80, "width of the terminal")
	flag.Parse()
	if err := draw(os.Stdout, os.Stdin, *title, *columns); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// pen is the state that escapes change.
type pen struct {
	bold, dim bool
	color     string
}

func (p *pen) set(params string) {
	for param := range strings.SplitSeq(params, ";") {
		switch param {
		case "", "0":
			*p = pen{}
		case "1":
			p.bold = true
		case "2":
			p.dim = true
		case "22":
			p.bold, p.dim = false, false
		case "39":
			p.color = ""
		default:
			if c, ok := colors[param]; ok {
				p.color = c
			}
		}
	}
}

func (p *pen) fill() string {
	switch {
	case p.color != "":
		return p.color
	case p.dim:
		return faint
	}
	return foreground
}

func draw(w io.Writer, r io.Reader, title string, columns int) error {
	var lines []string
	in := bufio.NewScanner(r)
	for in.Scan() {
		lines = append(lines, strings.TrimRight(in.Text(), " \r"))
	}
	if err := in.Err(); err != nil {
		return err
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var b strings.Builder
	width, height := 2*padX+float64(columns)*cellW, padTop+float64(len(lines))*cellH+padBottom
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<title>%s</title><rect width="%g" height="%g" rx="10" fill="%s"/>`+"\n", html.EscapeString(title), width, height, background)
	for i, c := range []string{"#f2777a", "#e8c56b", "#6bcf8b"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="20" r="5.5" fill="%s"/>`, 22+i*18, c)
	}
	b.WriteString("\n" + `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" xml:space="preserve">` + "\n")
	fmt.Fprintf(&b, `<text x="%g" y="25" text-anchor="middle" fill="%s" font-size="13">%s</text>`+"\n", width/2, faint, html.EscapeString(title))
	var p pen
	for i, l := range lines {
		drawLine(&b, &p, l, padTop+float64(i)*cellH)
	}
	b.WriteString("</g>\n</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// drawLine draws one line whose top is at y.
func drawLine(b *strings.Builder, p *pen, l string, y float64) {
	column, from, run := 0, 0, ""
	flush := func() {
		text := strings.TrimRight(run, " ")
		lead := len(text) - len(strings.TrimLeft(text, " "))
		if text = text[lead:]; text != "" {
			drawText(b, p, text, from+lead, y)
		}
		from, run = column, ""
	}
	for l != "" {
		if rest, ok := strings.CutPrefix(l, "\x1b["); ok {
			flush()
			params, after, _ := strings.Cut(rest, "m")
			p.set(params)
			l = after
			continue
		}
		r := []rune(l)[0]
		l = l[len(string(r)):]
		if shape := shapeOf(r, padX+float64(column)*cellW, y, p.fill()); shape != "" {
			flush()
			b.WriteString(shape)
			column++
			from = column
			continue
		}
		run += string(r)
		column++
	}
	flush()
}

func drawText(b *strings.Builder, p *pen, text string, column int, y float64) {
	weight := ""
	if p.bold {
		weight = ` font-weight="700"`
	}
	n := len([]rune(text))
	fmt.Fprintf(b, `<text x="%s" y="%s" textLength="%s" fill="%s"%s>%s</text>`+"\n",
		number(padX+float64(column)*cellW), number(y+baseline), number(float64(n)*cellW), p.fill(), weight, html.EscapeString(text))
}

// shapeOf draws the symbols, "" for all other characters. x and y are the
// left top of the cell.
func shapeOf(r rune, x, y float64, fill string) string {
	cx, cy := x+cellW/2, y+cellH/2
	circle := func(style string) string {
		return fmt.Sprintf(`<circle cx="%s" cy="%s" r="4" %s/>`+"\n", number(cx), number(cy), style)
	}
	line := fmt.Sprintf(`fill="none" stroke="%s" stroke-width="1.4"`, fill)
	switch r {
	case '●':
		return circle(fmt.Sprintf(`fill="%s"`, fill))
	case '○':
		return circle(line)
	case '◌':
		return circle(line + ` stroke-dasharray="1.6 1.5"`)
	case '◐':
		return circle(line) + fmt.Sprintf(`<path d="M%s %sa4 4 0 0 0 0 8z" fill="%s"/>`+"\n", number(cx), number(cy-4), fill)
	case '◆':
		return fmt.Sprintf(`<path d="M%s %sl4.8 4.8l-4.8 4.8l-4.8 -4.8z" fill="%s"/>`+"\n", number(cx), number(cy-4.8), fill)
	case '■':
		return fmt.Sprintf(`<rect x="%s" y="%s" width="7.4" height="7.4" rx="1" fill="%s"/>`+"\n", number(cx-3.7), number(cy-3.7), fill)
	case '▌':
		return fmt.Sprintf(`<rect x="%s" y="%s" width="3" height="%g" rx="1" fill="%s"/>`+"\n", number(x), number(y+1), cellH-2, fill)
	}
	return ""
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 32) }
