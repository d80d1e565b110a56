package main

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// chart is groups of bars, in panels beside each other that share a scale.
type chart struct {
	title, unit string
	groups      []string // what stands below each group of bars
	panels      []panel
}

type panel struct {
	name   string
	series []series
}

// series are the bars of one colour, one for each group; NaN is none. high is
// where a thin line above each ends; nil is without.
type series struct {
	name   string
	colour string
	values []float64
	high   []float64
}

// Of the drawing, in pixels.
const (
	chartWidth  = 860
	plotHeight  = 220
	plotTop     = 86 // below two rows of the legend
	plotLeft    = 64
	panelGap    = 24
	chartHeight = plotTop + plotHeight + 60
)

// svg draws the chart. What it says is in the tables, too.
func (c *chart) svg() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img">`+"\n",
		chartWidth, chartHeight)
	fmt.Fprintf(&b, `<title>%s</title>`+"\n"+`<rect width="100%%" height="100%%" fill="#fff"/>`+"\n", html.EscapeString(c.title))
	text(&b, 14, 24, "font-size='15' font-weight='bold'", c.title)
	c.legend(&b)
	top, step := scale(c.most())
	y := func(v float64) float64 { return plotTop + plotHeight*(1-v/top) }
	for v := 0.0; v <= top*1.001; v += step {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%[3]f" stroke="#ddd"/>`+"\n", plotLeft, chartWidth-14, y(v))
		text(&b, plotLeft-6, y(v)+4, "text-anchor='end' fill='#555'", brief(v))
	}
	text(&b, plotLeft, plotTop-8, "fill='#555'", c.unit)
	width := float64(chartWidth-14-plotLeft-panelGap*(len(c.panels)-1)) / float64(len(c.panels))
	for i, p := range c.panels {
		c.bars(&b, p, plotLeft+float64(i)*(width+panelGap), width, y)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// bars draws one panel from x on.
func (c *chart) bars(b *strings.Builder, p panel, x, width float64, y func(float64) float64) {
	group := width / float64(len(c.groups))
	bar := group * 0.82 / float64(len(p.series))
	for i, s := range p.series {
		for g, v := range s.values {
			if math.IsNaN(v) {
				continue
			}
			left := x + float64(g)*group + group*0.09 + float64(i)*bar
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s, %s, %s: %s</title></rect>`+"\n",
				left, y(v), bar*0.92, y(0)-y(v), s.colour, s.name, p.name, c.groups[g], brief(v))
			if s.high != nil && !math.IsNaN(s.high[g]) {
				fmt.Fprintf(b, `<line x1="%.1f" x2="%[1]f" y1="%.1f" y2="%.1f" stroke="#333"/>`+"\n", left+bar*0.46, y(s.high[g]), y(v))
			}
		}
	}
	for g, name := range c.groups {
		text(b, x+(float64(g)+0.5)*group, plotTop+plotHeight+16, "text-anchor='middle'", name)
	}
	text(b, x+width/2, plotTop+plotHeight+38, "text-anchor='middle' font-weight='bold'", p.name)
	fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%[3]f" stroke="#333"/>`+"\n", x, x+width, y(0))
}

// legend names the colours, each once, in as many rows as they need: two.
func (c *chart) legend(b *strings.Builder) {
	seen, x, y := map[string]bool{}, float64(plotLeft), 36
	for _, p := range c.panels {
		for _, s := range p.series {
			if seen[s.name] {
				continue
			}
			seen[s.name] = true
			width := 28 + 6.2*float64(len(s.name))
			if x+width > chartWidth {
				x, y = plotLeft, y+16
			}
			fmt.Fprintf(b, `<rect x="%.0f" y="%d" width="10" height="10" fill="%s"/>`+"\n", x, y, s.colour)
			text(b, x+14, float64(y+9), "", s.name)
			x += width
		}
	}
}

// most is the highest of all there is to draw.
func (c *chart) most() (most float64) {
	for _, p := range c.panels {
		for _, s := range p.series {
			for _, v := range append(s.values[:len(s.values):len(s.values)], s.high...) {
				if v > most {
					most = v
				}
			}
		}
	}
	return most
}

// scale is the end of an axis that holds v, and the distance of its lines.
func scale(v float64) (top, step float64) {
	if v <= 0 {
		return 1, 1
	}
	step = math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{0.2, 0.5, 1} {
		if v/(step*f) <= 6 {
			step *= f
			break
		}
	}
	return math.Ceil(v/step) * step, step
}

// brief writes a number as short as it may be understood.
func brief(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + " M"
	case v >= 1e4:
		return strconv.FormatFloat(math.Round(v/100)/10, 'f', -1, 64) + " k"
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v < 1e-3: // the first of a line is a moment late
		return "0"
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func text(b *strings.Builder, x, y float64, style, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" %s>%s</text>`+"\n", x, y, style, html.EscapeString(s))
}
