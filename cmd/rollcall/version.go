package main

import (
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Run prints the version that the build recorded.
func (versionCmd) Run(s *session) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	s.printf("rollcall %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
