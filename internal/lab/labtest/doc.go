// Package labtest keeps the laboratory's servers for the tests of a package.
//
// Servers take up to two seconds to start, so a package's tests share one of
// each kind:
//
//	var house labtest.House
//
//	func TestMain(m *testing.M) { os.Exit(house.Run(m)) }
//
//	func TestPing(t *testing.T) {
//		house.Each(t, func(t *testing.T, s lab.Server) { … })
//	}
//
//	func TestPlays(t *testing.T) {
//		house.Plays(t, os.DirFS("testdata"), func(t *testing.T, s lab.Server) play.Stage { … })
//	}
//
// A server is started when the first test asks for it and stopped by Run, which
// also fails the binary if goroutines are left. Tests that share a server must
// use accounts of different names (plays see to that by themselves) and detach
// their component when they end.
package labtest
