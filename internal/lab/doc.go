// Package lab is the laboratory: private XMPP servers on the loopback
// interface, and clients that remember every stanza they were sent. Tests use
// it, and so does `rollcall demo`.
//
// # Servers
//
// [StartProsody], [StartEjabberd] and [StartFake] give a [Server]: one that
// hosts a domain for users and waits for one component. Each lives in a
// directory of its own, listens on free ports of 127.0.0.1 only, offers login
// without TLS, and is reached through nothing but those ports. Two may run side
// by side, beside a system-wide one, as any user. The real ones are Debian's
// packages ([Install] brings them); the fake one ([lab/fake]) runs inside the
// process and behaves as Prosody does.
//
//	srv, err := lab.StartProsody(ctx, lab.Options{})
//	…
//	defer srv.Stop() // ends the process group, removes the directory
//	err = srv.AddUser(ctx, "alice", "secret")
//
// A server's life: Start* → (Kill → Start | Restart)* → Stop. Users and their
// rosters survive all but Stop; ports stay the same. Should the process that
// started a server die, the kernel ends the server too (on Linux).
//
// [StartSlapd] gives a private LDAP directory in the same manner.
//
// # Clients
//
// [Login] gives a [Client], one device of one user. It answers what a client
// must answer (pings, roster pushes, disco#info, unknown requests) and logs
// every stanza with its time, in order, before anybody can have acted upon it:
// the log is what was delivered, an oracle outside of the tested process.
//
//	alice, err := lab.Login(ctx, srv, "alice", "secret", "phone", lab.ClientOptions{})
//	alice.Send(`<presence><show>away</show></presence>`)
//	s, err := bob.Wait(ctx, func(s lab.Stanza) bool { return s.Name == "presence" })
//	err = bob.FenceVia(ctx, "groups.example.org")
//
// Nothing here sleeps to be right. Instead of waiting "long enough" a caller
// asks a question behind what he waits for: [Client.Fence] returns when the
// client's server has handled all that the client sent, [Client.FenceVia] when,
// beside, all that an entity had sent to this client has arrived.
//
// # Plays
//
// Package [lab/play] runs text files that read as theatre against any of the
// servers.
//
// # Real clients
//
// Packages [lab/gajim], [lab/terminal] (Profanity, Poezio) and [lab/browser]
// run what people use, each a [Program] or several that end with us; command
// [lab/clients] uses groups with them.
package lab
