package measure

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sightline/internal/testpeer"
)

// Cut is what the viewers of a link saw of its removal.
type Cut struct {
	Acknowledged time.Duration // from sending the request to its answer
	LastPacket   Durations     // a viewer: from sending the request to its last packet (spec ruling 5)
	AfterAck     Durations     // a viewer: from the answer to its last packet; 0 when that came before
	Told         Durations     // a viewer: from sending the request to "link_removed"
}

func (c Cut) String() string {
	return fmt.Sprintf("answered in %v; last packet: %v; after the answer: max %v; told: %v",
		c.Acknowledged.Round(time.Millisecond/10), c.LastPacket, c.AfterAck.Max().Round(time.Millisecond/10), c.Told)
}

// RemoveLink makes a share link over two cameras, lets n guests watch it, spread
// over the given base URLs (one a node), removes it on the first node and
// measures on the viewers' own clock.
func RemoveLink(ctx context.Context, d Demo, bases []string, n int) (Cut, error) {
	var out Cut
	owner := NewClient(bases[0], d.Accounts[0].Token)
	cams := []string{d.Cameras[0].ID, d.Cameras[1].ID}
	var link struct{ ID, URL string }
	err := owner.Do(ctx, "POST", "/api/v1/links", map[string]any{
		"kind": "share", "name": "Cut " + time.Now().Format("15:04:05.000"), "cameras": cams, "acknowledge_risk": true}, &link)
	if err != nil {
		return out, fmt.Errorf("create link: %w", err)
	}
	var walls []*Wall
	defer func() {
		var wg sync.WaitGroup
		for _, w := range walls {
			wg.Go(w.Close)
		}
		wg.Wait()
	}()
	for i := range n {
		c, id, err := Guest(ctx, bases[i%len(bases)], link.URL)
		if err != nil {
			return out, fmt.Errorf("guest %d: %w", i+1, err)
		}
		w, err := OpenWall(ctx, c, "/g/"+id, cams, 320, testpeer.Config{})
		if err != nil {
			return out, fmt.Errorf("guest %d: %w", i+1, err)
		}
		walls = append(walls, w)
		if err := pause(ctx, 30*time.Millisecond); err != nil {
			return out, err
		}
	}
	for i, w := range walls {
		if err := until(ctx, 30*time.Second, fmt.Sprintf("pictures at guest %d", i+1), w.Playing); err != nil {
			return out, err
		}
	}
	if err := pause(ctx, time.Second); err != nil {
		return out, err
	}

	t0 := time.Now()
	if err := owner.Do(ctx, "DELETE", "/api/v1/links/"+link.ID, nil, nil); err != nil {
		return out, fmt.Errorf("delete link: %w", err)
	}
	ack := time.Now()
	out.Acknowledged = ack.Sub(t0)
	if err := pause(ctx, 4*time.Second); err != nil { // twice the worst case: whatever still flows shows
		return out, err
	}
	for i, w := range walls {
		last := w.LastPacket()
		if since := time.Since(last); since < time.Second {
			return out, fmt.Errorf("guest %d still receives, %v after the removal", i+1, time.Since(t0))
		}
		if idle := t0.Sub(last); idle > time.Second {
			return out, fmt.Errorf("guest %d had received nothing for %v when the link was removed", i+1, idle)
		}
		out.LastPacket = append(out.LastPacket, max(last.Sub(t0), 0))
		out.AfterAck = append(out.AfterAck, max(last.Sub(ack), 0))
		told := w.Heard("link_removed")
		if told.IsZero() {
			return out, fmt.Errorf("guest %d was not told why its pictures ended", i+1)
		}
		out.Told = append(out.Told, told.Sub(t0))
	}
	return out, nil
}
