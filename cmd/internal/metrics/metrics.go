package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Source is where the figures come from.
type Source struct {
	Service func() component.ServiceStats
	Store   func() store.Stats
	Version string
}

// figure is one of our own metrics: its value is read when it is asked for.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	label string // value of the one label, "" = there is none
	value func(*sample) float64
	peer  func(*component.PeerStats) float64 // instead of value: of each peer
}

// sample is the figures of one moment.
type sample struct {
	component.ServiceStats
	store store.Stats
}

type collector struct {
	source  Source
	figures []figure
}

// NewRegistry makes the metrics of one service, and of its process.
func NewRegistry(s Source) *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rollcall_build_info", Help: "The version that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": s.Version}}, func() float64 { return 1 })
	r.MustRegister(&collector{s, figures()}, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range c.figures {
		ch <- f.desc
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := &sample{c.source.Service(), c.source.Store()}
	for _, f := range c.figures {
		if f.peer != nil {
			for i := range s.Peers {
				ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.peer(&s.Peers[i]), s.Peers[i].Address)
			}
			continue
		}
		var labels []string
		if f.label != "" {
			labels = []string{f.label}
		}
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(s), labels...)
	}
}
