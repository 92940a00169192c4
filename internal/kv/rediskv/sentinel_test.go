package rediskv

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/redistest"
)

func TestContractOverSentinels(t *testing.T) {
	t.Parallel()
	contract(t, steady(redistest.StartSentinels(t, 1, "--min-replicas-max-lag", "10")).URL(), func() {})
}

// steady keeps the Sentinels from replacing a primary that a busy machine holds up.
func steady(group *redistest.Sentinels) *redistest.Sentinels {
	for _, s := range group.Sentinels {
		s.Do("SENTINEL", "SET", redistest.MasterName, "down-after-milliseconds", "60000")
	}
	return group
}

// followed is how tests open a store over Sentinels: each call may be late, as on
// a busy machine, and one whose replica does not answer ends soon enough.
var followed = Config{Timeout: 3 * time.Second, Patience: time.Minute}

// changed is Changes as soon as a primary answers.
func changed(t *testing.T, s *Store, after uint64) kv.Changes {
	t.Helper()
	for deadline := time.Now().Add(redistest.Patience); ; <-time.After(5 * time.Millisecond) {
		ch, err := s.Changes(t.Context(), after, 0)
		if err == nil {
			return ch
		}
		if !fault.Is(err, fault.Unavailable) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// changedSafely is changed as soon as everything in it is safe: it looks at the
// replicas for a moment only, and a late one may be heard of at the next look.
func changedSafely(t *testing.T, s *Store, after uint64) kv.Changes {
	t.Helper()
	for deadline := time.Now().Add(redistest.Patience); ; <-time.After(5 * time.Millisecond) {
		ch := changed(t, s, after)
		if ch.Safe >= ch.Revision || time.Now().After(deadline) {
			return ch
		}
	}
}

func TestSentinelsFailoverIsFollowed(t *testing.T) {
	t.Parallel()
	group := redistest.StartSentinels(t, 2)
	s := open(t, group.URL(), followed)
	if s.cfg.Wait != 1 {
		t.Errorf("with Sentinels %d replicas are waited for, want 1", s.cfg.Wait)
	}
	first := acknowledged(t, s, write("a", "1"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hints := s.Watch(ctx, kv.Control)
	old := group.Agreed()
	at := time.Now()
	old.Kill()
	acknowledged(t, s, write("back", "1"))
	t.Logf("away for %v", time.Since(at)) // how long it may be is held by F11
	ch := changedSafely(t, s, first.Revision)
	if ch.Gone || list(ch) != "back " || ch.Safe != ch.Revision {
		t.Errorf("changes over the failover: %+v", ch)
	}
	if ch.Revision < first.Revision+1<<20 {
		t.Errorf("revision %d after %d: another primary must not use the old one's revisions", ch.Revision, first.Revision)
	}

	// Hints come from the new primary: the next commit alone must lead to one.
	other := open(t, group.URL(), followed)
	for deadline := time.After(redistest.Patience); ; {
		for len(hints) > 0 {
			<-hints
		}
		acknowledged(t, other, write("hinted", "1"))
		select {
		case <-hints:
		case <-time.After(100 * time.Millisecond): // not subscribed yet
			select {
			case <-deadline:
				t.Fatal("no hint after the failover")
			default:
				continue
			}
		}
		break
	}

	// The old primary comes back: it is a replica, and nobody writes to it.
	old.Restart()
	group.Whole()
	acknowledged(t, s, write("a", "2"))
	if role := old.Do("ROLE"); !strings.HasPrefix(role, "slave") && group.Agreed() != old {
		t.Errorf("the old primary is %q", role)
	}
}

// deafen puts a relay between a primary and one of its replicas and swallows
// what the replica should hear from now on; the replica goes on saying that it
// follows. The Sentinels would put that right after 8 s: until letGo they may not.
func deafen(t *testing.T, s *Store, primary, replica *redistest.Server) *redistest.Proxy {
	t.Helper()
	line := redistest.NewProxy(t, primary.Addr())
	replica.Do("REPLICAOF", "127.0.0.1", strings.TrimPrefix(line.URL(), "redis://127.0.0.1:"))
	replica.Do("ACL", "SETUSER", "default", "-replicaof", "-slaveof")
	for deadline := time.Now().Add(redistest.Patience); !strings.Contains(replica.Do("INFO", "replication"), "master_link_status:up"); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the replica does not follow through the relay")
		}
	}
	acknowledged(t, s, write("linked", "1"))
	line.SwallowReplies(true)
	return line
}

// letGo ends what deafen began, when the primary is gone.
func letGo(line *redistest.Proxy, replica *redistest.Server) {
	line.Close()
	replica.Do("ACL", "SETUSER", "default", "+@all")
}

func list(ch kv.Changes) string {
	var b strings.Builder
	for _, v := range ch.Values {
		fmt.Fprintf(&b, "%s ", v.Key)
	}
	return b.String()
}

// A stopped primary takes up what was sent to it when it runs again. Nothing of
// it is ever acknowledged, and what was seen of it is taken back.
func TestUnacknowledgedCommitsAreUndone(t *testing.T) {
	t.Parallel()
	group := redistest.StartSentinels(t, 1)
	s := open(t, group.URL(), followed)
	old, next := group.Redis[0], group.Redis[1]
	line := deafen(t, s, old, next)
	line.SwallowReplies(false)
	base := acknowledged(t, s, write("a", "1"))
	line.SwallowReplies(true)
	// Applied and read here, known nowhere else.
	lost := write("lost", "1")
	if _, err := s.Commit(t.Context(), lost); !fault.Is(err, fault.Unknown) {
		t.Fatalf("nobody confirms: %v, want Unknown", err)
	}
	ch := changed(t, s, base.Revision)
	if list(ch) != "lost " || ch.Safe != base.Revision {
		t.Fatalf("changes: %+v, want safe %d", ch, base.Revision)
	}
	old.Kill()
	letGo(line, next)
	if group.Until(old) != next {
		t.Fatal("no failover")
	}
	// Nothing was written since: the revision is lower, and that is no loss.
	after := changed(t, s, ch.Revision)
	if !after.Gone || after.Revision != base.Revision || after.Safe != base.Revision {
		t.Errorf("changes after the failover: %+v, want gone at %d", after, base.Revision)
	}
	// Whoever made it repeats it: applied once, under a revision of its own. The
	// old primary stays away: on a busy machine it could be promoted again, and
	// bring the commit back.
	host, port, _ := strings.Cut(next.Addr(), ":")
	redistest.Start(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	c := acknowledged(t, s, lost)
	if c.Revision <= ch.Revision {
		t.Errorf("revision %d was used before", c.Revision)
	}
	if after = changed(t, s, ch.Revision); !after.Gone || after.Revision != c.Revision {
		t.Errorf("changes after what was undone: %+v, want gone", after)
	}
	if after = changed(t, s, base.Revision); after.Gone || list(after) != "lost " {
		t.Errorf("changes after what was kept: %+v", after)
	}
}

// A promoted replica that lacks what another one confirmed is refused.
func TestPromotedReplicaWithoutAcknowledgedCommitsIsRefused(t *testing.T) {
	t.Parallel()
	group := redistest.StartSentinels(t, 2)
	s, far := open(t, group.URL(), followed), open(t, group.URL(), followed)
	base := acknowledged(t, s, write("a", "1"))
	primary, good, behind := group.Redis[0], group.Redis[1], group.Redis[2]
	good.Do("CONFIG", "SET", "replica-priority", "0")
	line := deafen(t, s, primary, behind)
	c := acknowledged(t, s, write("a", "2")) // confirmed by the good one
	if ch := changedSafely(t, far, base.Revision); ch.Safe != c.Revision {
		t.Fatalf("a node that only reads: %+v, want safe %d", ch, c.Revision)
	}
	primary.Kill()
	letGo(line, behind)
	if group.Until(primary) != behind {
		t.Fatal("a replica of priority 0 was promoted")
	}
	for name, n := range map[string]*Store{"the writer": s, "a reader": far} {
		if ch := changed(t, n, c.Revision); ch.Gone || ch.Revision >= ch.Safe || ch.Safe != c.Revision {
			t.Errorf("%s: %+v: the loss does not show", name, ch)
		}
	}
	// More is committed there by somebody who knows nothing of it: it still shows.
	anew := open(t, group.URL(), followed)
	more := acknowledged(t, anew, write("b", "1"))
	if ch := changed(t, s, c.Revision); ch.Revision >= ch.Safe {
		t.Errorf("after more commits: %+v: the loss does not show", ch)
	}
	s.Adopt(more.Epoch) // the operator has decided
	if ch := changed(t, s, more.Revision); ch.Gone || ch.Revision < ch.Safe {
		t.Errorf("after adoption: %+v", ch)
	}
}

// A node that is cut off together with the old primary and one Sentinel must
// not go on reading there: rights end elsewhere.
func TestOldPrimaryIsNotReadWithoutTheSentinels(t *testing.T) {
	t.Parallel()
	group := redistest.StartSentinels(t, 1)
	s := open(t, group.URL(), followed)
	acknowledged(t, s, write("a", "1"))
	replica := group.Redis[1]
	group.Sentinels[0].Pause()
	group.Sentinels[1].Pause()
	for deadline := time.Now().Add(20 * time.Second); s.client.lookout.sure(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("one Sentinel of three is believed")
		}
	}
	// The replica still follows: nobody else can be the primary.
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
		if _, err := s.Read(t.Context(), kv.Control, []string{"a"}, nil); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the replica follows: %v", err)
		}
	}
	replica.Pause()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
		_, err1 := s.Read(t.Context(), kv.Control, []string{"a"}, nil)
		_, err2 := s.Changes(t.Context(), 0, 0)
		_, err3 := s.Commit(t.Context(), write("a", "2"))
		if fault.Is(err1, fault.Unavailable) && fault.Is(err2, fault.Unavailable) && err3 != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is still believed: %v, %v, %v", err1, err2, err3)
		}
	}
	replica.Resume()
	group.Sentinels[0].Resume()
	group.Sentinels[1].Resume()
	acknowledged(t, s, write("a", "3"))
}

func TestSentinelsRefusals(t *testing.T) {
	t.Parallel()
	group := steady(redistest.StartSentinels(t, 1))
	wrong := strings.Replace(group.URL(), "sentinel="+redistest.MasterName, "sentinel=other", 1)
	if _, err := Open(t.Context(), wrong, Config{Patience: time.Millisecond}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "Sentinels") {
		t.Errorf("a name nobody watches: %v", err)
	}
	for i, server := range group.Redis { // the replica is held to the same
		for _, c := range [][3]string{{"min-replicas-to-write", "0", "1"}, {"min-replicas-max-lag", "60", "2"}, {"appendfsync", "everysec", "always"}} {
			server.Do("CONFIG", "SET", c[0], c[1])
			_, err := Open(t.Context(), group.URL(), followed)
			if fault.Code(err) != fault.CodeBadValue || !strings.Contains(err.Error(), "CONFIG SET "+c[0]+" "+c[2]) || !strings.Contains(err.Error(), server.Addr()) {
				t.Errorf("server %d with %s %s: %v, want a refusal with the way out", i, c[0], c[1], err)
			}
			server.Do("CONFIG", "SET", c[0], c[2])
		}
	}
	open(t, group.URL(), followed)
}

// Closing while connections are being made leaves nothing behind (goleak, TestMain).
func TestCloseWhileDialing(t *testing.T) {
	server := redistest.Start(t)
	for range 5 {
		s, err := Open(t.Context(), server.URL(), Config{PoolSize: 2, Patience: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		hints := s.Watch(ctx, kv.Control)
		server.Kill()
		for range 8 { // more than the pool's size: go-redis would begin to dial by itself
			if _, err := s.Read(ctx, kv.Control, []string{"a"}, nil); !fault.Is(err, fault.Unavailable) {
				t.Errorf("killed: %v", err)
			}
		}
		server.Restart()
		back(t, s)
		server.Pause()
		go func() { _, _ = s.Read(ctx, kv.Control, []string{"a"}, nil) }()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		server.Resume()
		for range hints {
		}
		cancel()
	}
}
