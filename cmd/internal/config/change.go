package config

// Change is a key whose value differs between two configurations.
type Change struct {
	Key      Key
	Old, New string // for people; of a secret "[secret]"
}

// Diff lists what differs, in the order of the table.
func Diff(before, after *Config) []Change {
	var changes []Change
	for _, k := range Keys() {
		c := Change{Key: k, Old: k.value(before), New: k.value(after)}
		if c.Old == c.New {
			continue
		}
		if k.secret {
			c.Old, c.New = hidden, hidden
		}
		changes = append(changes, c)
	}
	return changes
}

// Reloaded is before with those values of after that may change while the
// service runs.
func Reloaded(before, after *Config) *Config {
	c := *before
	c.secret = after.secret
	c.Admin.JIDs, c.Admin.Creators, c.Admin.Network = after.Admin.JIDs, after.Admin.Creators, after.Admin.Network
	c.Sources = after.Sources
	c.Limits, c.Log = after.Limits, after.Log
	return &c
}
