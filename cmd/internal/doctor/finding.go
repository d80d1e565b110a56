package doctor

// Level says how good a finding is.
type Level string

// The levels.
const (
	Good    Level = "good"
	Note    Level = "note"    // works; something to know, or to gain
	Bad     Level = "bad"     // has to be changed
	Unknown Level = "unknown" // could not be found out
)

// Finding is what one examination saw.
type Finding struct {
	Check  string  `json:"check"` // a word of the package's manual
	Level  Level   `json:"level"`
	Says   string  `json:"says"`             // what was seen
	Means  string  `json:"means,omitempty"`  // what that is to Rollcall
	Remedy []Lines `json:"remedy,omitempty"` // what would change it
}

// Lines are exact lines of a configuration.
type Lines struct {
	For   string `json:"for"`   // prosody, ejabberd, or rollcall
	Where string `json:"where"` // in words, for people
	Text  string `json:"text"`
}

// Report is all that was found.
type Report struct {
	Server   string    `json:"server,omitempty"` // what the server says that it is
	Findings []Finding `json:"findings"`
}

// Bad says whether something has to be changed.
func (r *Report) Bad() bool {
	for _, f := range r.Findings {
		if f.Level == Bad {
			return true
		}
	}
	return false
}
