package web

import (
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

const (
	drainWait   = 2 * time.Second // running answers of a server that closes
	readsAtOnce = 48              // of one account: a wall of 16, and then some
	listsAtOnce = 24              // of one account: playlists, coverage and days
	readsAtAll  = 1024            // of everybody
)

// readings count the answers with footage.
type readings struct {
	mu    sync.Mutex
	all   int
	reads map[string]int // by account
	lists map[string]int

	running leasedBodies // of reads
	stills  stillLines
}

// enter counts one answer of an account, or says that there are too many. done is
// called once, when the answer is over.
func (s *readings) enter(account string, read bool) (done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads == nil {
		s.reads, s.lists = map[string]int{}, map[string]int{}
	}
	of, most := s.lists, listsAtOnce
	if read {
		of, most = s.reads, readsAtOnce
	}
	if of[account] >= most || s.all >= readsAtAll {
		return nil, fault.New(fault.RateLimited, string(authz.ReasonRateLimited), "Too much is read at once. Wait a moment.").After(time.Second)
	}
	of[account]++
	s.all++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if of[account]--; of[account] == 0 {
			delete(of, account)
		}
	}), nil
}
