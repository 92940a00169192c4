package authz

import (
	"slices"
	"sync"
)

// hashQueue is who hashes and who waits for it, the urgent first, each kind in
// order of arrival.
type hashQueue struct {
	mu     sync.Mutex
	free   int
	urgent []chan struct{}
	usual  []chan struct{}
}

// join asks for a turn: the channel is closed when it comes. ok is false when too
// many wait; the urgent are never turned away by the others.
func (q *hashQueue) join(first bool) (turn chan struct{}, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	turn = make(chan struct{})
	line := &q.usual
	if first {
		line = &q.urgent
	}
	switch {
	case q.free > 0:
		q.free--
		close(turn)
	case len(*line) >= hashesQueued:
		return nil, false
	default:
		*line = append(*line, turn)
	}
	return turn, true
}

// leave hands the place on.
func (q *hashQueue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, line := range []*[]chan struct{}{&q.urgent, &q.usual} {
		if len(*line) > 0 {
			close((*line)[0])
			*line = (*line)[1:]
			return
		}
	}
	q.free++
}

// waiting is how many wait for a turn.
func (q *hashQueue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.urgent) + len(q.usual)
}

// giveUp takes a turn that has not come out of its line; false when it has come.
func (q *hashQueue) giveUp(turn chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, line := range []*[]chan struct{}{&q.urgent, &q.usual} {
		if i := slices.Index(*line, turn); i >= 0 {
			*line = slices.Delete(*line, i, i+1)
			return true
		}
	}
	return false
}
