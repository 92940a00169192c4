package ratelimit

import (
	"context"
	"math"
	"time"
)

// Egress is the ledger of what accounts' cameras have sent: the ledger of Hours
// over bytes. A total is absolute and only grows, so that telling it again does no
// harm. It counts in KiB. Safe for concurrent use.
type Egress struct {
	ledger Hours
	budget int64
}

// EgressRules are the numbers of an account's egress budget.
type EgressRules struct {
	Budget int64         // bytes in Window; 0 = none
	Window time.Duration // 0 = 24 h
}

// Hours are the rules of the ledger that NewEgress takes.
func (r EgressRules) Hours() HoursRules {
	budget := time.Duration(math.MaxInt64 / 4)
	if r.Budget > 0 {
		budget = time.Duration(max(r.Budget>>10, 1)) * time.Millisecond
	}
	return HoursRules{Budget: budget, Window: r.Window}
}

// NewEgress makes a ledger of bytes of one of time, which was made with
// rules.Hours() and which it closes.
func NewEgress(ledger Hours, rules EgressRules) *Egress { return &Egress{ledger, rules.Budget} }

// Close closes the ledger.
func (e *Egress) Close() error { return e.ledger.Close() }

// Budget is what an account may send in the window, in bytes; 0 = no budget.
func (e *Egress) Budget() int64 { return e.budget }

// EgressReport is what one node's cameras of an account have sent since From
// began: From is unlike any other, for ever.
type EgressReport struct {
	Account string
	From    string
	Bytes   int64
}

// EgressAnswer is what all nodes together know of an account.
type EgressAnswer struct {
	Used   int64     // bytes in the window
	Budget int64     // 0 = none
	Until  time.Time // when Used falls under Budget by itself; zero unless it is used up
	Now    time.Time // store time
}

// Report tells totals and answers for each account in the order asked; a report
// without From only asks. An error is fault.Unavailable: tell the same again.
func (e *Egress) Report(ctx context.Context, list []EgressReport) ([]EgressAnswer, error) {
	asks := make([]HoursReport, len(list))
	for i, r := range list {
		asks[i] = HoursReport{Link: egressKey(r.Account)}
		if r.From != "" {
			asks[i].Sessions = []HoursSession{{ID: r.From, Total: time.Duration(r.Bytes>>10) * time.Millisecond}}
		}
	}
	answers, err := e.ledger.Report(ctx, asks)
	if err != nil {
		return nil, err
	}
	out := make([]EgressAnswer, len(answers))
	for i, a := range answers {
		out[i] = EgressAnswer{Used: int64(a.Used/time.Millisecond) << 10, Budget: e.budget, Until: a.Free, Now: a.Now}
	}
	return out, nil
}

// Usage is an account's window now.
func (e *Egress) Usage(ctx context.Context, account string) (EgressAnswer, error) {
	list, err := e.Report(ctx, []EgressReport{{Account: account}})
	if err != nil {
		return EgressAnswer{}, err
	}
	return list[0], nil
}

func egressKey(account string) string { return "egress:" + account }
