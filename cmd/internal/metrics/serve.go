package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health says what is wrong; nil is nothing.
type Health func(context.Context) error

// Handler answers at /metrics, at /healthz (200 as long as healthy says
// nothing: else restart it) and at /readyz (200 while the service serves).
func Handler(r *prometheus.Registry, healthy, ready Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	mux.Handle("GET /healthz", answer(healthy))
	mux.Handle("GET /readyz", answer(ready))
	return mux
}

func answer(h Health) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		text := "ok\n"
		if err := h(ctx); err != nil {
			text = err.Error() + "\n"
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, text) // who has gone needs no answer
	})
}

// Serve serves h at addr until ctx ends. Users are served although nobody
// can look on: what keeps it from listening is logged.
func Serve(ctx context.Context, addr string, h http.Handler, log *slog.Logger) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		log.Warn("metrics are not served; set http.listen to another port, or to \"\"", "error", err)
		return nil
	}
	log.Info("metrics", "listen", l.Addr().String())
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if s.Shutdown(grace) != nil {
			ended <- s.Close()
			return
		}
		ended <- nil
	})
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve metrics: %w", err)
	}
	return <-ended
}
