package main

import (
	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/directory"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/lists"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// sources are those that the configuration names.
func sources(cfg *config.Config, link source.Link, pace source.Pace) (all []source.Spec) {
	for _, s := range cfg.Sources {
		spec := source.Spec{Name: s.Name, Kind: s.Kind, Groups: s.Groups, Key: s.Fingerprint()}
		switch s.Kind {
		case config.SourcePeer:
			spec.Remote, spec.Address, spec.Holds = true, s.Address, holds(&s, roster.TieList)
			spec.Source = source.NewPeer(source.PeerConfig{Link: link, Address: s.Address, Groups: s.Groups, Every: s.Every, Pace: pace})
		case config.SourceMUC:
			spec.Remote, spec.Address, spec.Holds = true, s.Address, holds(&s, roster.TieRoom)
			spec.Source = source.NewMUC(source.MUCConfig{Link: link, Address: s.Address, Groups: s.Groups, Every: s.Every, Pace: pace})
		case config.SourceFile:
			spec.Address = s.Path
			spec.Source = &lists.File{Path: s.Path, Every: s.Every}
		case config.SourceLDAP:
			spec.Address = s.URL
			spec.Source = directory.New(directoryConfig(cfg, &s, pace))
		}
		all = append(all, spec)
	}
	return all
}

// holds is what a source is told all the time: one that is read periodically is
// told nothing.
func holds(s *config.Source, kind roster.TieKind) roster.TieKind {
	if s.Every > 0 {
		return ""
	}
	return kind
}

// directoryConfig says where a directory is, and what is what in it.
func directoryConfig(cfg *config.Config, s *config.Source, pace source.Pace) directory.Config {
	return directory.Config{
		URL: s.URL, Security: directory.Security(s.TLS), CAFile: s.CAFile, Bind: s.Bind, Base: s.Base, Groups: s.Filter, People: s.People,
		Password: func() (string, error) {
			secret, err := config.ReadSecret(s.PasswordFile)
			return secret.Reveal(), err
		},
		Mapping: directory.Mapping{JID: s.JID, Domain: s.JIDDomain, Host: cfg.Server.Host, Nick: s.Nick, Admins: s.Admins, Roles: s.Roles, Attributes: s.Attributes},
		Only:    s.Groups, Every: s.Every,
		Pace: directory.Pace{Check: pace.Check, Reread: pace.Reread, Quiet: pace.Quiet},
	}
}
