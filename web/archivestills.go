package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"sightline/internal/fault"
)

const (
	stillsAtOnce = 3           // of one account that are cut: its runs of ffmpeg must not hold up everybody's
	stillsWait   = 8           // of one account that wait for their turn
	stillTurn    = time.Second // the longest wait for it
)

// stillLines let few stills of an account be cut at once; the next ones wait a
// moment. The newest goes first: a pointer that moves over a timeline has no use any
// more for what it asked before. The zero value is ready. Safe for concurrent use.
type stillLines struct {
	mu sync.Mutex
	of map[string]*stillLine // by account; without an entry there is nothing
}

type stillLine struct {
	running int
	waiting []chan bool // oldest first; of one buffered answer: true its turn, false no room
}

// enter waits for an account's turn, for stillTurn at most. done is called once, when
// the still is there. fault.RateLimited busy, or ctx's error.
func (s *stillLines) enter(ctx context.Context, account string) (done func(), err error) {
	turn := s.join(account)
	if turn == nil {
		return s.leaver(account), nil
	}
	late := time.NewTimer(stillTurn)
	defer late.Stop()
	err = fault.New(fault.RateLimited, fault.CodeBusy, "Too many still images are asked for at once. Try again in a moment.").After(time.Second)
	select {
	case mine := <-turn:
		if !mine {
			return nil, err
		}
		return s.leaver(account), nil
	case <-late.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if s.giveUp(account, turn) {
		return nil, err
	}
	if mine := <-turn; !mine { // it was answered meanwhile
		return nil, err
	}
	return s.leaver(account), nil
}

// join takes a free place and returns nil, or says where the turn is told. The one
// that waits longest makes room.
func (s *stillLines) join(account string) chan bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of[account]
	if l == nil {
		if s.of == nil {
			s.of = map[string]*stillLine{}
		}
		l = &stillLine{}
		s.of[account] = l
	}
	if l.running < stillsAtOnce {
		l.running++
		return nil
	}
	if len(l.waiting) >= stillsWait {
		l.waiting[0] <- false
		l.waiting = l.waiting[1:]
	}
	turn := make(chan bool, 1)
	l.waiting = append(l.waiting, turn)
	return turn
}

// giveUp leaves the line; false where the answer is there already.
func (s *stillLines) giveUp(account string, turn chan bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of[account]
	if l == nil {
		return false
	}
	at := slices.Index(l.waiting, turn)
	if at < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	return true
}

// leaver hands the place on to the newest that waits, or frees it.
func (s *stillLines) leaver(account string) func() {
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		l := s.of[account]
		if last := len(l.waiting) - 1; last >= 0 {
			l.waiting[last] <- true
			l.waiting = l.waiting[:last]
			return
		}
		if l.running--; l.running == 0 {
			delete(s.of, account)
		}
	})
}
