package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot is lines, in panels beside each other that share the scale upwards.
type plot struct {
	title, unit string
	steep       bool // the scale upwards counts powers of ten
	panels      []plane
}

// plane is one panel: what grows to the right, by powers of ten if log.
type plane struct {
	name  string
	log   bool
	lines []line
}

type line struct {
	name, colour string
	points       []point
}

// svg draws the plot. What it says is in the tables, too.
func (p *plot) svg() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img">`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, `<title>%s</title>`+"\n"+`<rect width="100%%" height="100%%" fill="#fff"/>`+"\n", html.EscapeString(p.title))
	text(&b, 14, 24, "font-size='15' font-weight='bold'", p.title)
	text(&b, plotLeft, plotTop-8, "fill='#555'", p.unit)
	y := p.upwards(&b)
	width := float64(chartWidth-14-plotLeft-panelGap*(len(p.panels)-1)) / float64(len(p.panels))
	for i, q := range p.panels {
		q.draw(&b, plotLeft+float64(i)*(width+panelGap), width, y)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// upwards draws the lines of the scale and returns where a value stands.
func (p *plot) upwards(b *strings.Builder) func(v float64) float64 {
	low, high := math.Inf(1), 0.0
	for _, q := range p.panels {
		for _, l := range q.lines {
			for _, at := range l.points {
				low, high = min(low, at.Y), max(high, at.Y)
			}
		}
	}
	mark := func(v, at float64) {
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%[3]f" stroke="#ddd"/>`+"\n", plotLeft, chartWidth-14, at)
		text(b, plotLeft-6, at+4, "text-anchor='end' fill='#555'", brief(v))
	}
	if p.steep {
		first, last := math.Floor(math.Log10(max(low, 1e-3))), math.Ceil(math.Log10(max(high, 1e-2)))
		y := func(v float64) float64 {
			return plotTop + plotHeight*(1-(math.Log10(max(v, 1e-3))-first)/max(1, last-first))
		}
		for e := first; e <= last; e++ {
			mark(math.Pow(10, e), y(math.Pow(10, e)))
		}
		return y
	}
	top, step := scale(high)
	y := func(v float64) float64 { return plotTop + plotHeight*(1-v/top) }
	for v := 0.0; v <= top*1.001; v += step {
		mark(v, y(v))
	}
	return y
}

// draw draws one panel from left on.
func (q *plane) draw(b *strings.Builder, left, width float64, y func(float64) float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range q.lines {
		for _, at := range l.points {
			low, high = min(low, at.X), max(high, at.X)
		}
	}
	place := func(v float64) float64 { return v }
	if q.log {
		place = func(v float64) float64 { return math.Log10(max(v, 0.1)) }
	}
	span := max(place(high)-place(low), 1e-9)
	x := func(v float64) float64 { return left + 12 + (width-24)*(place(v)-place(low))/span }
	const room = 34.0 // for the text below a point
	for i, l := range q.lines {
		var d strings.Builder
		below := math.Inf(-1)
		for _, at := range l.points {
			fmt.Fprintf(&d, "%.1f,%.1f ", x(at.X), y(at.Y))
			if q.log {
				fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s: %s</title></circle>`+"\n", x(at.X), y(at.Y), l.colour, brief(at.X), brief(at.Y))
				if x(at.X) >= below+room {
					below = x(at.X)
					text(b, below, plotTop+plotHeight+16, "text-anchor='middle' fill='#555'", brief(at.X))
				}
			}
		}
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", l.colour, strings.TrimSpace(d.String()))
		if l.name != "" {
			fmt.Fprintf(b, `<rect x="%.0f" y="%d" width="10" height="10" fill="%s"/>`+"\n", left+8, plotTop+6+16*i, l.colour)
			text(b, left+22, float64(plotTop+15+16*i), "", l.name)
		}
	}
	if !q.log {
		text(b, x(low), plotTop+plotHeight+16, "text-anchor='middle' fill='#555'", brief(low))
		text(b, x(high), plotTop+plotHeight+16, "text-anchor='end' fill='#555'", brief(math.Round(high)))
	}
	text(b, left+width/2, plotTop+plotHeight+38, "text-anchor='middle' font-weight='bold'", q.name)
	fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%[3]f" stroke="#333"/>`+"\n", left, left+width, float64(plotTop+plotHeight))
}
