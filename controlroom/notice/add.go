package notice

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
)

const (
	jobsMost = 500       // letters of one account that wait to go
	late     = time.Hour // what a camera saw longer ago than that is in the feed only
)

// mark is the value of an unread mark: the badge leaves out cameras of which the
// person may not be told at the moment.
type mark struct {
	V      int    `json:"v"`
	Camera string `json:"camera"`
}

// add puts a notice on an account's board and queues what is to leave. replaces,
// when not nil, says which older ones it stands for.
func (b *Board) add(ctx context.Context, cause, account string, r record, replaces func(record) bool) error {
	r.V = recordVersion
	id, space := noticeID(time.UnixMilli(r.At), cause, account, r.Kind), kv.Bulk(account)
	k, _ := kindOf(r.Kind)
	for try := 0; ; try++ {
		// The mute is read in any case, so that the places in the answer are fixed.
		keys := []string{pNotice + id, kChoices, pMute + r.Camera}
		scans := []kv.Scan{{Prefix: pNotice}, {Prefix: jobPrefix(ByMail), Limit: jobsMost}}
		for _, ch := range b.cfg.Channels {
			if p := ch.Prefix(); p != "" {
				scans = append(scans, kv.Scan{Prefix: p, Limit: 1})
			}
		}
		snap, err := b.cfg.Store.Read(ctx, space, keys, scans)
		if err != nil {
			return err
		}
		if snap.Values[0].Exists() || onBoard(snap.Scans[0], id) {
			return b.ring(ctx, account, b.cfg.Clock.Now()) // written before; the bell may not have rung
		}
		oldest := firstID(snap.Now.Add(-b.cfg.Keep))
		if id < oldest {
			return nil
		}
		c, muted := parseChoices(snap.Values[1]), r.Camera != "" && snap.Values[2].Exists()
		r.Hidden = !c.ways(k).Feed
		writes := []kv.Write{{Key: pNotice + id, Data: kv.Encode(r)}}
		if !muted && !r.Hidden {
			writes = append(writes, kv.Write{Key: pUnread + id, Data: markOf(k, r)})
		}
		var dues []time.Time
		if !muted {
			var jobs []kv.Write
			if jobs, dues, err = b.queue(ctx, account, id, r, k, c, snap.Scans[1:]); err != nil {
				return err
			}
			writes = append(writes, jobs...)
		}
		writes = append(writes, b.makeRoom(snap.Scans[0], oldest, replaces, kv.MaxWrites-2-len(writes))...)
		_, err = b.commit(ctx, space, []kv.Condition{{Key: pNotice + id}}, writes...)
		if errors.Is(err, kv.ErrConflict) && try < 5 {
			continue
		}
		if err != nil {
			return err
		}
		b.count.WithLabelValues(r.Kind).Inc()
		return b.ring(ctx, account, dues...)
	}
}

// onBoard reports whether the notice is among those there at any time: an event
// that is told again under its id may say another one.
func onBoard(old []kv.Value, id string) bool {
	const times = 10 // characters of an id that hold time
	return slices.ContainsFunc(old, func(v kv.Value) bool { return strings.HasSuffix(v.Key, id[times:]) })
}

func markOf(k kind, r record) []byte {
	if !k.saw {
		return nil
	}
	return kv.Encode(mark{V: recordVersion, Camera: r.Camera})
}

// makeRoom deletes what is replaced, too old or too much.
func (b *Board) makeRoom(old []kv.Value, oldest string, replaces func(record) bool, most int) (writes []kv.Write) {
	for i, v := range old {
		have, err := parse(v)
		id := strings.TrimPrefix(v.Key, pNotice)
		if err == nil && replaces != nil && replaces(have) || id < oldest || i <= len(old)-b.cfg.Most {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true}, kv.Write{Key: pUnread + id, Delete: true})
		}
		if len(writes) > most {
			break
		}
	}
	return writes
}

// queue makes the jobs of a notice. scans are those of the waiting letters and of
// the channels' targets.
func (b *Board) queue(ctx context.Context, account, id string, r record, k kind, c choices, scans [][]kv.Value) (jobs []kv.Write, dues []time.Time, err error) {
	now, w := b.cfg.Clock.Now(), c.ways(k)
	if k.saw && now.Sub(time.UnixMilli(r.At)) > late {
		b.drops.WithLabelValues(tooOld).Inc()
		return nil, nil, nil
	}
	put := func(channel string, j job, due time.Time) {
		j.V, j.Record, j.First, j.Due = recordVersion, r, now.UnixMilli(), due.UnixMilli()
		jobs, dues = append(jobs, kv.Write{Key: jobPrefix(channel) + id, Data: kv.Encode(j)}), append(dues, due)
	}
	letter := b.cfg.Letters != nil && w.Mail && !k.own
	var to authz.Recipient
	if letter || c.Quiet.On {
		if to, err = b.cfg.Authority.Recipient(ctx, account, authz.ActSelf, ""); err != nil {
			return nil, nil, err
		}
	}
	zone := c.zoneOf(to.Account.Zone)
	due, gathers := c.letterDue(now, zone)
	room := b.cfg.Letters != nil && to.Account.EmailVerified
	if (letter || c.Quiet.On) && room && len(scans[0]) >= jobsMost {
		b.drops.WithLabelValues(tooMany).Inc()
		room = false
	}
	if letter && room {
		put(ByMail, job{Gathers: gathers}, due)
	}
	_, quiet := c.quiet(now, zone)
	next := 1
	for _, ch := range b.cfg.Channels {
		has := true
		if ch.Prefix() != "" {
			has = len(scans[next]) > 0
			next++
		}
		switch {
		case !has || !w.By(ch.Name()):
		case quiet:
			b.sends.WithLabelValues(ch.Name(), hushed).Inc()
			// What is pushed at other times comes in the letter after the quiet hours.
			if ch.Name() == ByPush && room && !letter && !k.own {
				put(ByMail, job{Gathers: true, Instead: true}, due)
			}
		default:
			put(ch.Name(), job{}, now)
		}
	}
	return jobs, dues, nil
}
