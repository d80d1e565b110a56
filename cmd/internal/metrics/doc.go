// Package metrics shows how the service is to whom watches machines: a
// Prometheus exposition at /metrics, /healthz and /readyz.
//
// No figure names or singles out a person or a group, so the number of series
// is the same for ten members and for a million. docs/metrics.md lists them
// all.
package metrics
