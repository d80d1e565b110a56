package component

// flight is a turn that said something and is not confirmed yet. There are
// never more of them than stanzas fit in the credit window.
type flight struct {
	end    int64 // bulk up to its end, as credit counts
	t      Bulk
	copied int // stanzas to the multicast service
}

// fly notes that t has appended bulk up to the given offset.
func (o *Outbox) fly(t Bulk, end int64, copied int) {
	o.mu.Lock()
	o.flights = append(o.flights, flight{end, t, copied})
	o.mu.Unlock()
}

// land forgets the turns that the server has confirmed, and returns those of
// them that were for the multicast service too. mu is held.
func (o *Outbox) land() (copied []flight) {
	n := 0
	for ; n < len(o.flights) && o.flights[n].end <= o.credit.acked; n++ {
		if o.flights[n].copied > 0 {
			copied = append(copied, o.flights[n])
		}
	}
	o.flights = append(o.flights[:0], o.flights[n:]...)
	return copied
}
