//go:build unix && !linux

package lab

import "syscall"

// procAttr gives a server a process group of its own, so that a Ctrl-C in the
// terminal is for us alone.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
