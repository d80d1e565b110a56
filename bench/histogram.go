package main

import (
	"math/bits"
	"time"
)

// histogram counts durations in microseconds, each to within 3 %: 32 classes
// for every power of two.
type histogram [32 * 32]uint32

func (h *histogram) add(d time.Duration) {
	h[class(uint64(max(0, d.Microseconds())))]++
}

func class(v uint64) int {
	if v < 32 {
		return int(v)
	}
	shift := bits.Len64(v) - 6
	return min(shift*32+int(v>>shift), 32*32-1)
}

// floorOf is the smallest value of a class.
func floorOf(class int) uint64 {
	if class < 64 {
		return uint64(class)
	}
	shift := class/32 - 1
	return uint64(class-shift*32) << shift
}

func (h *histogram) join(o *histogram) {
	for i, n := range o {
		h[i] += n
	}
}

// quantile is the duration that the fraction q of all is at most, 0 of none.
func (h *histogram) quantile(q float64) time.Duration {
	total := uint64(0)
	for _, n := range h {
		total += uint64(n)
	}
	need, seen := uint64(q*float64(total)), uint64(0)
	for i, n := range h {
		if seen += uint64(n); seen > need {
			return time.Duration(floorOf(i)) * time.Microsecond
		}
	}
	return 0
}
