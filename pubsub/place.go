package pubsub

import (
	"math"
	"strconv"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const nsGeo = "http://jabber.org/protocol/geoloc"

// maxPlaceName bounds the name of a country, a region or a town, in bytes.
const maxPlaceName = 200

// place is what is kept of a location (XEP-0080) that is not shown exactly.
type place struct {
	names    [4]string // of placeNames
	lat, lon float64   // NaN = not said
}

// placeNames are its elements that names are taken from, in the order in which
// they stand in what is made of them, with the precision up to which they are
// shown. Postal codes are not among them: some are those of a single house.
var placeNames = [...]struct {
	name   string
	coarse roster.Precision
}{{"country", roster.Country}, {"countrycode", roster.Country}, {"region", roster.Region}, {"locality", roster.Locality}}

// appendPlace appends what p allows to be shown of a location that was checked;
// nothing if there is nothing. Unless it is shown exactly it is made anew.
func appendPlace(b, payload []byte, p roster.Precision) []byte {
	if p == roster.Exact {
		return append(b, payload...)
	}
	at := readPlace(payload)
	n := len(b)
	b = append(b, "<geoloc xmlns='"+nsGeo+"'>"...)
	start := len(b)
	for i, x := range placeNames {
		if p <= x.coarse && at.names[i] != "" {
			b = element(b, x.name, at.names[i])
		}
	}
	if decimals := map[roster.Precision]int{roster.Near: 2, roster.Rough: 1}[p]; decimals > 0 && at.located() {
		b = element(b, "lat", rounded(at.lat, decimals))
		b = element(b, "lon", rounded(at.lon, decimals))
	}
	if len(b) == start {
		return b[:n]
	}
	return append(b, "</geoloc>"...)
}

// readPlace reads the elements that may be shown; of two the first counts.
func readPlace(payload []byte) place {
	at := place{lat: math.NaN(), lon: math.NaN()}
	var in frame.Scanner
	for in.Reset(payload); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 2 {
			continue
		}
		name := string(in.Local())
		value := strings.TrimSpace(string(in.AppendValue(nil)))
		switch name {
		case "lat":
			degrees(&at.lat, value, 90)
		case "lon":
			degrees(&at.lon, value, 180)
		}
		for i, x := range placeNames {
			if x.name == name && at.names[i] == "" && len(value) <= maxPlaceName && !strings.ContainsAny(value, "\n\t") {
				at.names[i] = value
			}
		}
	}
	return at
}

// degrees reads a number that is not larger than limit.
func degrees(to *float64, value string, limit float64) {
	x, err := strconv.ParseFloat(value, 64)
	if err == nil && math.IsNaN(*to) && math.Abs(x) <= limit {
		*to = x
	}
}

func (at *place) located() bool { return !math.IsNaN(at.lat) && !math.IsNaN(at.lon) }

// rounded has so many decimals, and no sign that says on which side of zero.
func rounded(x float64, decimals int) string {
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}
