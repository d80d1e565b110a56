package main

import (
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Run prints the version that the build recorded.
func (versionCmd) Run(s *session) error {
	s.printf("rollcall %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// buildVersion is the version that the build recorded.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
