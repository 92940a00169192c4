package sfu_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// A connection test tells the pair in use; one that does not come about tells
// which pair failed and why, after it is over too.
func TestConnectivityReport(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.TCPPort = 0 })
	trials := sfu.NewTrials(e)
	defer trials.Close()
	p, err := testpeer.Join(context.Background(), testpeer.Config{Exchange: func(ctx context.Context, offer string) (string, error) {
		return trials.Begin(ctx, "good", "me", offer)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	report := func(id string) sfu.Connectivity {
		c, ok := trials.Report(id, "me")
		if !ok {
			t.Fatalf("no report %q", id)
		}
		return c
	}
	var c sfu.Connectivity
	until(t, "the pair in use", 5*time.Second, func() bool { c = report("good"); return c.State == "connected" && c.Pairs[0].Code == sfu.PairInUse })
	if c.Remote != p.LocalAddr() || !strings.Contains(c.Says, p.LocalAddr().String()) || c.Pairs[0].Answered == 0 {
		t.Errorf("%+v", c)
	}
	if last := c.Pairs[len(c.Pairs)-1]; last.Code != sfu.PairNotDialed || last.Protocol != "tcp" {
		t.Errorf("the last pair is %+v", last)
	}
	if len(c.Offered) < 2 || !strings.HasPrefix(c.Offered[0], "udp ") {
		t.Errorf("offered %v", c.Offered)
	}

	// A browser of which nothing arrives: it names one address and hides another.
	e = engine(t, func(c *sfu.EngineConfig) { c.ConnectTimeout, c.TCPPort = 4*time.Second, 0 })
	failing := sfu.NewTrials(e)
	defer failing.Close()
	offer := browserOffer(t, 1)
	offer = strings.Replace(offer, "a=end-of-candidates\r\n", "a=candidate:9 1 udp 9 0b5c6a0e.local 50000 typ host\r\na=end-of-candidates\r\n", 1)
	if _, err := failing.Begin(context.Background(), "bad", "me", offer); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of it", 5*time.Second, func() bool { c, _ = failing.Report("bad", "me"); return c.State == "closed" })
	if len(c.Pairs) < 2 || c.Pairs[0].Code != sfu.PairNoAnswer || c.Pairs[0].Sent == 0 || c.Hidden != 1 {
		t.Fatalf("%+v", c)
	}
	if !strings.Contains(c.Pairs[0].Says, c.Pairs[0].Remote) || !strings.Contains(c.Says, "No packet of the client arrived") || !strings.Contains(c.Says, "media.turn.urls") {
		t.Errorf("%q, %q", c.Pairs[0].Says, c.Says)
	}
	if _, ok := failing.Report("bad", "somebody else"); ok {
		t.Error("somebody else may read it")
	}
	for i := range 8 {
		_, err = failing.Begin(context.Background(), "more"+string(rune('a'+i)), "me", offer)
	}
	if fault.Code(err) != fault.CodeBusy {
		t.Errorf("the tenth test: %v", err)
	}
}
