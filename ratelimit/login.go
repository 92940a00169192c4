package ratelimit

import (
	"net/netip"
	"sync"
	"time"
)

// Logins limits wrong passwords (T20) in windows by account and address prefix
// (15 min), by account and by prefix (an hour each). Right ones do not count.
type Logins struct {
	pair, account, prefix *Windows
	count                 *counter
}

// Begin counts a try before the password is looked at, so that parallel tries
// cannot pass together. account is the normalised e-mail, whether it exists or
// not. device names a known-device cookie that the caller has verified to belong
// to this account ("" for none): it has its own tries (Rules.WrongPasswords), so
// that its owner can sign in while others guess. When ok, call done once with
// whether the password was right: a right one takes the try back.
func (l *Logins) Begin(account string, ip netip.Addr, device string) (done func(success bool), retry time.Duration, ok bool) {
	type try struct {
		w    *Windows
		key  string
		step int64
	}
	net := Prefix(ip)
	tries := []try{
		{w: l.pair, key: "p\x00" + account + "\x00" + net},
		{w: l.account, key: account},
		{w: l.prefix, key: net},
	}
	if device != "" {
		tries = []try{{w: l.pair, key: "d\x00" + account + "\x00" + device}}
	}
	undo := func(done []try) {
		for _, t := range done {
			t.w.undo(t.key, t.step)
		}
	}
	for i := range tries {
		t := &tries[i]
		if t.step, retry = t.w.add(t.key); retry > 0 {
			undo(tries[:i])
			l.count.add(false)
			return nil, retry, false
		}
	}
	l.count.add(true)
	var once sync.Once
	return func(success bool) {
		once.Do(func() {
			if success {
				undo(tries)
			}
		})
	}, 0, true
}
