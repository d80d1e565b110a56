package component

import (
	"context"
	"hash/maphash"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

const (
	workerCount = 4
	workerQueue = 4096     // jobs waiting for one worker, half of them requests
	workerBytes = 16 << 20 // of requests waiting for all of them
)

// workers do what may wait for the store. What concerns one group is done by
// one worker, in order.
type workers struct {
	log    *slog.Logger
	seed   maphash.Seed
	queues [workerCount]chan func(context.Context)
	bytes  atomic.Int64 // of requests
}

func newWorkers(log *slog.Logger) *workers {
	w := &workers{log: log, seed: maphash.MakeSeed()}
	for i := range w.queues {
		w.queues[i] = make(chan func(context.Context), workerQueue)
	}
	return w
}

// queue is where jobs about group wait.
func (w *workers) queue(group string) chan func(context.Context) {
	return w.queues[maphash.String(w.seed, group)%workerCount]
}

// request queues a job of so many bytes that anybody may ask for: it leaves
// room for the others. False: too much waits already, the job is refused. It
// never blocks.
func (w *workers) request(group string, size int, job func(context.Context)) bool {
	n := int64(size)
	waits := w.bytes.Add(n)
	if waits <= workerBytes && len(w.queue(group)) < workerQueue/2 && w.put(group, func(ctx context.Context) {
		defer w.bytes.Add(-n)
		job(ctx)
	}) {
		return true
	}
	w.bytes.Add(-n)
	return false
}

// put queues a job about group. False: too much waits already, the job is
// refused. It never blocks.
func (w *workers) put(group string, job func(context.Context)) bool {
	select {
	case w.queue(group) <- job:
		return true
	default:
		w.log.Warn("too much work, request refused", "waiting", workerQueue)
		return false
	}
}

// run works until ctx is done; then it finishes what waits and closes done.
func (w *workers) run(ctx context.Context) (done <-chan struct{}) {
	var all sync.WaitGroup
	for _, q := range w.queues {
		all.Go(func() {
			for {
				select {
				case job := <-q:
					w.do(context.WithoutCancel(ctx), job)
				case <-ctx.Done():
					w.drain(q)
					return
				}
			}
		})
	}
	end := make(chan struct{})
	go func() {
		all.Wait()
		close(end)
	}()
	return end
}

// fence returns when every job that was put before has been done.
func (w *workers) fence(ctx context.Context) error {
	var done sync.WaitGroup
	for _, q := range w.queues {
		done.Add(1)
		select {
		case q <- func(context.Context) { done.Done() }:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	all := make(chan struct{})
	go func() {
		done.Wait()
		close(all)
	}()
	select {
	case <-all:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *workers) drain(q chan func(context.Context)) {
	for {
		select {
		case job := <-q:
			w.do(context.Background(), job)
		default:
			return
		}
	}
}

// do runs one job; a panic costs that job.
func (w *workers) do(ctx context.Context, job func(context.Context)) {
	defer func() {
		if r := recover(); r != nil {
			w.log.Error("job panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	job(ctx)
}
