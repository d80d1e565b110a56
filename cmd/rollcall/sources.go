package main

import (
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/lists"
	"github.com/rollcall-xmpp/rollcall/component/source"
)

// sources are those that the configuration names.
func sources(cfg *config.Config, link source.Link) (all []source.Spec) {
	for _, s := range cfg.Sources {
		spec := source.Spec{Name: s.Name, Kind: s.Kind, Groups: s.Groups, Key: s.Fingerprint()}
		switch s.Kind {
		case config.SourcePeer:
			spec.Remote = true
			spec.Source = source.NewPeer(source.PeerConfig{Link: link, Address: s.Address, Groups: s.Groups, Every: s.Every})
		case config.SourceFile:
			spec.Source = &lists.File{Path: s.Path, Every: s.Every}
		}
		all = append(all, spec)
	}
	return all
}
