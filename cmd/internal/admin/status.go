package admin

import "time"

// Status is how the service is, as JSON. It counts people and names none.
type Status struct {
	Version  string     `json:"version"`
	Started  time.Time  `json:"started"`
	Domain   string     `json:"domain"`
	Ready    bool       `json:"ready"`    // attached, and all groups answer
	Settled  bool       `json:"settled"`  // attached, and it is known who is there
	Attached *time.Time `json:"attached"` // since when; null = not attached
	Server   string     `json:"server"`   // host:port
	// ReadyAfter is how long that took, from the attachment on, in seconds; 0 = it is not.
	ReadyAfter float64 `json:"ready_after"`
	Unasked    int     `json:"unasked"` // groups whose members are still to be asked for their presence
	// Connections is how often the service has attached.
	Connections uint64 `json:"connections"`
	// RTT is how long the server took to answer the last marker, in seconds.
	RTT        float64        `json:"rtt"`
	Groups     int            `json:"groups"`  // in memory
	Waiting    int            `json:"waiting"` // groups that have something to say
	Unacked    int            `json:"unacked"` // bytes of presence that the server has not handled
	Control    int            `json:"control"` // bytes of answers that wait
	Refused    uint64         `json:"refused"` // stanzas over the limits
	Limited    uint64         `json:"limited"` // requests of who asked too much
	Webhooks   int            `json:"webhooks"`
	Failing    int            `json:"webhooks_failing"`
	Sources    []SourceStatus `json:"sources"` // by name
	Peers      []PeerStatus   `json:"peers"`   // as they are configured
	Leaving    int            `json:"leaving"` // subscriptions elsewhere that are not wanted any more, and are still to be ended
	Goroutines int            `json:"goroutines"`
	HeapBytes  uint64         `json:"heap_bytes"`
}

// SourceStatus is how a source of groups is, as JSON.
type SourceStatus struct {
	Name    string        `json:"name"`
	Kind    string        `json:"kind"`
	Address string        `json:"address"`              // a domain, a file, a URL
	Lost    string        `json:"lost,omitempty"`       // why nothing is known of it; "" = all is well
	Since   *time.Time    `json:"lost_since,omitempty"` // so
	Groups  int           `json:"groups"`               // that were heard since the start
	Stale   []StaleStatus `json:"stale,omitempty"`      // that are not as it has them, by name; at most 20
	Heard   *time.Time    `json:"heard"`                // when the last was; null = never
	Refused uint64        `json:"refused"`              // lists that could not be taken in
}

// StaleStatus is a group that is not as its source has it.
type StaleStatus struct {
	Group string `json:"group"`
	Why   string `json:"why"`
}

// PeerStatus is how a peer is, as JSON.
type PeerStatus struct {
	Address string     `json:"address"`
	Taking  int        `json:"taking"` // groups here that ask it
	Told    int        `json:"told"`   // of these, whose members it has told of
	Giving  int        `json:"giving"` // groups of its that presence is given to
	Heard   *time.Time `json:"heard"`  // when it was; null = never, or it was not asked
	Away    *time.Time `json:"away_since,omitempty"`
	Refused string     `json:"refused,omitempty"` // how it refused what was asked of it last
}
