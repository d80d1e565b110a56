package roster

// memberSet is some members of a group. The zero value is empty: nothing is
// held for the many sets that are empty nearly always, and who has emptied a
// large one makes it nil, for a map keeps its room.
type memberSet map[*member]struct{}

func (s *memberSet) add(m *member) {
	if *s == nil {
		*s = memberSet{}
	}
	(*s)[m] = struct{}{}
}

// put is m[k] = v that makes the map if it has to: most groups have use for
// few of theirs.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
