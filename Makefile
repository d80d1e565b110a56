# Everything here does its own set-up; later runs find it done.
#
#   make demo          see it work: private server, five people, a live table (ONCE=1: play it, exit 0 or 1)
#                      MANNER=2, MANNER=3: the same with the service elsewhere (docs/manners.md)
#   make test          all tests, those on real Prosody and ejabberd included
#   make build         bin/rollcall
#   make docs          what is made from the code: packaging/man, packaging/rollcall.toml
#   make install       the program and what belongs to it  (PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR=)
#   make package       a Debian package in bin/            (VERSION=1.2.3)
#   make test-package  build, install, start, upgrade and purge it on this machine, as root
#   make test-image    build the container image and run the service in it, as root
#   make test-newcomer run docs/admins.md word by word on this machine, as root
#   make test-clients  real clients (Gajim, Profanity, Poezio, Converse) use groups; renews the pictures in docs/images
#   make bench         measure side by side with rooms, rosters and PubSub; writes docs/performance.md  (25 minutes; BENCH_QUICK=1: two, elsewhere; BENCHFLAGS)
#   make microbench    Go's benchmarks   (BENCH=regexp, BENCHTIME=2s)
#   make kill          kill -9 under load, again and again, and nothing is lost   (KILLS=200 on each server)
#   make flood         ten million changes of presence in flat memory      (CHANGES=10000000)
#   make lint          staticcheck and govulncheck
#   make fuzz          all fuzz targets  (FUZZTIME=30s each)
#   make faults        builds without one safeguard each must fail the test that is about it  (FAULT=regexp)
#   make leaks         builds that leak on purpose, one for each face, must be caught

GO        ?= go
ONCE      ?=
MANNER    ?=
TESTFLAGS ?=
TIMEOUT   ?= 15m
BENCH     ?= .
BENCHFLAGS ?=
BENCHTIME ?= 1s
FUZZTIME  ?= 30s
FAULT     ?= .
KILLS     ?= 200
CHANGES   ?= 10000000

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
UNITDIR    ?= $(PREFIX)/lib/systemd/system
VERSION    ?= $(shell git describe --tags --match 'v*' 2>/dev/null | sed 's/^v//; s/-/+/; s/-/./g' | grep . || git log -1 --format=0.0.0+git%cd.%h --date=format:%Y%m%d)
NFPM       ?= $(GO) run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4

.PHONY: build demo test docs bench microbench kill flood lint fuzz leaks faults clean tools servers install package test-package test-image test-newcomer test-clients

build: tools
	@$(GO) build -o bin/rollcall ./cmd/rollcall

demo: build
	@bin/rollcall demo $(if $(MANNER),--manner $(MANNER)) $(if $(ONCE),--once)

test: tools servers
	$(GO) vet ./...
	$(GO) test -race -shuffle=on -timeout $(TIMEOUT) $(TESTFLAGS) ./...

docs: tools
	$(GO) generate ./cmd/rollcall

bench: build servers
	$(GO) run ./bench -program bin/rollcall $(if $(BENCH_QUICK),-quick -o -) $(BENCHFLAGS)

microbench: tools servers
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) -timeout $(TIMEOUT) ./...

kill: tools servers
	ROLLCALL_TEST_KILLS=$(KILLS) $(GO) test -v -run '^TestKill$$' -timeout 6h ./store ./cmd/rollcall

flood: tools
	ROLLCALL_TEST_FLOOD=$(CHANGES) $(GO) test -v -count=1 -run '^TestFlood$$' -timeout 1h ./component

lint: tools
	@GO='$(GO)' .ci/lint

fuzz: tools
	@GO='$(GO)' .ci/fuzz $(FUZZTIME)

leaks: tools
	@GO='$(GO)' .ci/leaks

faults: tools servers
	ROLLCALL_TEST_FAULTS='$(FAULT)' $(GO) test -v -count=1 -run '^TestFaults$$' -timeout 2h ./internal/fault

# A configuration that is there is left alone.
install: build
	install -D -m 0755 bin/rollcall $(DESTDIR)$(PREFIX)/bin/rollcall
	install -D -m 0644 packaging/man/rollcall.1 $(DESTDIR)$(PREFIX)/share/man/man1/rollcall.1
	install -D -m 0644 packaging/man/rollcall.toml.5 $(DESTDIR)$(PREFIX)/share/man/man5/rollcall.toml.5
	install -D -m 0644 packaging/completions/rollcall.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/rollcall
	install -D -m 0644 packaging/completions/_rollcall $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_rollcall
	install -D -m 0644 packaging/completions/rollcall.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/rollcall.fish
	install -D -m 0644 packaging/prosody/mod_rollcall_multicast.lua $(DESTDIR)$(PREFIX)/share/rollcall/prosody/mod_rollcall_multicast.lua
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/share/doc/rollcall/images
	sed 's|/usr/bin/rollcall|$(PREFIX)/bin/rollcall|; s|/etc/rollcall/|$(SYSCONFDIR)/rollcall/|' packaging/rollcall.service >$(DESTDIR)$(UNITDIR)/rollcall.service
	install -m 0644 README.md CHANGELOG.md LICENSE docs/*.md $(DESTDIR)$(PREFIX)/share/doc/rollcall
	install -m 0644 docs/images/* $(DESTDIR)$(PREFIX)/share/doc/rollcall/images
	test -e $(DESTDIR)$(SYSCONFDIR)/rollcall/rollcall.toml || install -D -m 0644 packaging/rollcall.toml $(DESTDIR)$(SYSCONFDIR)/rollcall/rollcall.toml

package: tools
	@rm -f bin/rollcall_*.deb
	@GO='$(GO)' NFPM='$(NFPM)' VERSION='$(VERSION)' packaging/build-deb bin

test-package: tools
	@.ci/package

test-image: tools
	@GO='$(GO)' .ci/image

test-newcomer: tools
	@.ci/newcomer

test-clients: build servers
	@GO='$(GO)' .ci/clients

clean:
	rm -rf bin

# What must be there before anything can be built.
tools:
	@command -v $(GO) >/dev/null || { echo "missing: $(GO) (Go 1.26 or later: https://go.dev/dl)" >&2; exit 1; }
	@command -v gcc >/dev/null || { echo "missing: gcc (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
	@$(GO) list -m >/dev/null || { echo "too old: $$($(GO) version) (Go 1.26 or later: https://go.dev/dl)" >&2; exit 1; }

# The XMPP servers and what else tests run. Says what to type if it cannot help.
servers: tools
	@$(GO) run ./internal/lab/labinstall prosody prosody-modules ejabberd libxml2-utils python3-slixmpp slapd
