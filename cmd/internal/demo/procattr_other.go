//go:build unix && !linux

package demo

import "syscall"

// procAttr gives a child a process group of its own.
func procAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
