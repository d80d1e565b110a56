package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify tells systemd that we are ready and, while it wants to be told, that
// we are alive: alive returns nil as long as we are. Without systemd nothing
// happens. It returns when ctx ends, having said that we stop.
func notify(ctx context.Context, status string, alive func(context.Context) error) error {
	if sent, err := daemon.SdNotify(false, daemon.SdNotifyReady+"\nSTATUS="+status); !sent {
		return err // nil: nobody wants to know
	}
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return err
	}
	if every > 0 {
		reassure(ctx, every, alive)
	}
	<-ctx.Done()
	_, err = daemon.SdNotify(false, daemon.SdNotifyStopping)
	return err
}

// reassure says that we are alive, twice as often as it has to be said.
func reassure(ctx context.Context, every time.Duration, alive func(context.Context) error) {
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, every/2)
		if alive(look) == nil {
			_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
