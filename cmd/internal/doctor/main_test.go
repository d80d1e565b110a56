package doctor

import (
	"os"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// house keeps the servers that the tests share.
var house labtest.House

func TestMain(m *testing.M) { os.Exit(house.Run(m)) }
