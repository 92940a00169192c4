package notice

import (
	"context"
	"errors"
	"time"

	"sightline/internal/kv"
)

// sendJob sends one notice by one channel to every target it has not reached.
func (b *Board) sendJob(ctx context.Context, ch Channel, d round, j waitingJob) {
	log := b.cfg.Log.With("channel", ch.Name(), "notice", j.id)
	count := func(outcome string) { b.sends.WithLabelValues(ch.Name(), outcome).Inc() }
	drop := func(outcome string) {
		count(outcome)
		_ = b.settle(ctx, d.account, []kv.Write{{Key: j.key, Delete: true}})
	}
	k, _ := kindOf(j.Record.Kind)
	_, quiet := d.choices.quiet(b.cfg.Clock.Now(), d.zone)
	switch {
	case quiet, j.Record.Camera != "" && d.muted[j.Record.Camera]:
		drop(hushed)
		return
	case !d.choices.ways(k).By(ch.Name()):
		drop(unwanted)
		return
	}
	targets := j.Left
	if len(targets) == 0 {
		var err error
		if targets, err = ch.Targets(ctx, d.account, j.Record.Kind); err != nil {
			log.Warn("it is not known where a notice goes", "err", err)
			return // in the next turn
		}
	}
	if len(targets) == 0 {
		drop(unwanted)
		return
	}
	var failed, untried []string
	var why error
	for i, target := range targets {
		if ctx.Err() != nil {
			untried = append(untried, targets[i:]...)
			break
		}
		// Decided anew for every target: the one before may have taken its time.
		m, may, err := b.message(ctx, d, j)
		switch {
		case err != nil:
			log.Warn("a notice cannot be written now", "err", err)
			untried = append(untried, target)
			continue
		case !may:
			drop(withdrawn)
			return
		}
		one, cancel := context.WithTimeout(ctx, SendMost)
		err = ch.Send(one, d.to.Account, target, m)
		cancel()
		switch {
		case err == nil:
			count(sent)
		case Never(err):
			count(refused)
			log.Info("a notice is refused", "target", target, "err", err)
		case errors.Is(ctx.Err(), context.Canceled): // the node stops: no fault of the target's
			untried = append(untried, target)
		default:
			count(retried)
			log.Info("a notice could not be sent yet", "target", target, "tries", j.Tries+1, "err", err)
			failed, why = append(failed, target), err
		}
	}
	b.again(ctx, ch, d, j, failed, untried, why)
}

// again settles a job after a try: what failed is tried later and in the end
// given up, what was not tried goes in the next turn.
func (b *Board) again(ctx context.Context, ch Channel, d round, j waitingJob, failed, untried []string, why error) {
	now := b.cfg.Clock.Now()
	waits, most := ch.Retry()
	if len(failed) > 0 && (now.Sub(time.UnixMilli(j.First)) >= most || len(waits) == 0) {
		for _, target := range failed {
			b.sends.WithLabelValues(ch.Name(), outdated).Inc()
			if err := ch.GaveUp(context.WithoutCancel(ctx), d.account, target, why); err != nil {
				b.cfg.Log.Warn("a target of notices that does not answer is not noted", "channel", ch.Name(), "err", err)
			}
		}
		failed = nil
	}
	j.Left = append(failed, untried...)
	if len(j.Left) == 0 {
		_ = b.settle(ctx, d.account, []kv.Write{{Key: j.key, Delete: true}})
		return
	}
	if len(failed) > 0 {
		j.Tries++
		j.Due = now.Add(waits[min(j.Tries, len(waits))-1]).UnixMilli()
	}
	_ = b.settle(ctx, d.account, []kv.Write{{Key: j.key, Data: kv.Encode(j.job)}})
}
