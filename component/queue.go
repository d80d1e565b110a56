package component

// queue is a FIFO that holds each Bulk at most once. Guarded by Outbox.mu.
type queue struct {
	items []Bulk // items[head:] wait
	head  int
	in    map[Bulk]struct{}
}

func (q *queue) put(t Bulk) {
	if _, ok := q.in[t]; ok {
		return
	}
	q.in[t] = struct{}{}
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, t)
}

// take returns the one that waits longest, nil if none does.
func (q *queue) take() Bulk {
	if q.head == len(q.items) {
		return nil
	}
	t := q.items[q.head]
	q.items[q.head] = nil
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	delete(q.in, t)
	return t
}
