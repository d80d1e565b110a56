package component_test

import (
	"os"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// house keeps the servers for the tests of this package, the internal ones
// included, and looks for goroutines that are left.
var house labtest.House

func TestMain(m *testing.M) { os.Exit(house.Run(m)) }
