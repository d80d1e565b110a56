package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// cpu is the time that the processes have run on a processor, all threads that
// live; to the nanosecond where the kernel counts so (schedstat), else in its
// ticks.
func cpu(pids []int) (total time.Duration) {
	for _, pid := range pids {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, name := range files {
			text, _ := os.ReadFile(name) // a thread may have ended
			first, _, _ := bytes.Cut(text, []byte(" "))
			n, _ := strconv.ParseInt(string(first), 10, 64)
			total += time.Duration(n)
		}
	}
	return total
}

// rss is the memory that the processes have in RAM, in bytes.
func rss(pids []int) (total int64) {
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, rest, ok := bytes.Cut(text, []byte("VmRSS:"))
		if fields := bytes.Fields(rest); ok && len(fields) > 0 {
			n, _ := strconv.ParseInt(string(fields[0]), 10, 64)
			total += n << 10
		}
	}
	return total
}

// written is how many bytes the processes have written, to wherever.
func written(pids []int) (total int64) {
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
		_, rest, ok := bytes.Cut(text, []byte("wchar:"))
		if fields := bytes.Fields(rest); ok && len(fields) > 0 {
			n, _ := strconv.ParseInt(string(fields[0]), 10, 64)
			total += n
		}
	}
	return total
}
