package demo

import "syscall"

// procAttr gives a child a process group of its own and lets the kernel end
// it should we be killed.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
