package controlroom

import (
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/sfu"
)

// verdict is what is known about the right to one tile.
type verdict struct {
	known    bool           // decided at least once since the tile was wanted
	decision authz.Decision // valid when known and away is nil
	away     bool           // the store did not answer; retryAt says when it is asked again
	retryAt  time.Time
	wasLive  bool // the right was there and has ended: the tile is ended, not restricted
}

// media is what is known about the pictures of one allowed tile.
type media struct {
	first    bool // the source's first packet has been sent
	firstTS  uint32
	firstAt  int64        // clock.Mono that firstTS stands for
	layer    ingest.Layer // last layer sent, valid when first
	why      string       // why that layer
	reason   sfu.Reason   // why it is not served as wanted
	paused   bool         // and nothing is sent
	still    bool         // a picture of the still gate was sent
	stillAt  time.Time    // when that picture came from the camera
	throttle throttle     // why stills are sent instead of live
	camera   ingest.CameraState
	known    bool    // camera is set
	held     [2]bool // layers pulled for this tile
}

// derive is the state of one tile from all that is known: a pure function, so
// that every tile is in exactly one named state (rows R91, R99).
func derive(w TileWant, mid, name string, frozen bool, v verdict, m media) TileState {
	t := TileState{Cell: w.Cell, Camera: w.Camera}
	switch {
	case w.Camera == "":
		t.State = StateImage
		return t
	case v.known && !v.away && !v.decision.Allowed:
		return denied(t, v)
	case frozen:
		t.Mid, t.Name = mid, name
		t.State, t.Reason = StateFrozen, string(authz.ReasonFrozenIdle)
		return t
	case v.away:
		t.State, t.Reason, t.RetryAt = StateReconnecting, string(authz.ReasonUnavailable), instant(v.retryAt)
		return t
	case !v.known:
		t.Mid, t.State = mid, StateConnecting
		return t
	}
	t.Mid, t.Name, t.Until = mid, name, instant(v.decision.Until)
	return pictures(t, m)
}

// denied words a tile without the right. What the viewer cannot see reads the
// same as what does not exist.
func denied(t TileState, v verdict) TileState {
	d := v.decision
	switch {
	case d.Reason == authz.ReasonOutsideSchedule:
		t.State = StateClosed
	case d.Reason == authz.ReasonCameraOff:
		t.State = StateOff
	case v.wasLive:
		t.State = StateEnded
	default:
		t.State = StateRestricted
	}
	t.Reason = string(d.Reason)
	if d.Invisible && !v.wasLive {
		t.State, t.Reason = StateRestricted, string(sfu.ReasonNotFound)
	}
	t.Next = instant(d.Next)
	return t
}

// pictures words an allowed tile by what its camera does.
func pictures(t TileState, m media) TileState {
	if m.first {
		t.FirstTS, t.FirstMS = &m.firstTS, mediaMS(m.firstAt)
		t.Layer, t.LayerWhy = m.layer.String(), m.why
	}
	if !m.known {
		t.State = StateConnecting
		return t
	}
	l := m.reference()
	t.Since = instant(l.Since)
	switch {
	case m.reason == sfu.ReasonCodecUnsupported:
		t.State, t.Reason = StateUnsupported, string(m.reason)
	case l.Status == ingest.Live && m.throttle.reason != "":
		return throttled(t, m)
	case l.Status == ingest.Live && m.paused:
		t.State, t.Reason = StateStalled, string(m.reason)
		return t
	case l.Status == ingest.Live && m.first:
		t.State = StateLive
		t.Reason = string(l.Reason)
		t.CameraMS = cameraMS(m.camera.Layers[m.layer])
		if m.reason != "" {
			t.Reason = string(m.reason)
		}
		return t
	case l.Status == ingest.Reconnecting:
		t.State, t.Reason = StateReconnecting, string(l.Reason)
	case l.Status == ingest.Offline && l.Reason == sfu.ReasonCodecUnsupported:
		t.State, t.Reason = StateUnsupported, string(l.Reason)
	case l.Status == ingest.Offline:
		t.State, t.Reason = StateOffline, string(l.Reason)
	default:
		t.State, t.Reason = StateConnecting, string(l.Reason)
	}
	t.Attempt, t.RetryAt, t.LastFrameAt = l.Attempt, instant(l.Next), instant(l.LastFrame)
	return t
}

// throttled words a tile that gets a picture now and then instead of live (R82):
// never dark, with the age of what is shown and when live comes back.
func throttled(t TileState, m media) TileState {
	t.State, t.Reason, t.Until = StateThrottled, m.throttle.reason, instant(m.throttle.until)
	if m.still {
		t.FirstTS, t.FirstMS, t.LastFrameAt = &m.firstTS, mediaMS(m.firstAt), instant(m.stillAt)
	}
	return t
}

// cameraMS is a camera's own delay as it is told: in steps, so that not every
// picture is news.
func cameraMS(l ingest.LayerState) int {
	if !l.OwnKnown {
		return 0
	}
	return int(l.Own.Round(50*time.Millisecond) / time.Millisecond)
}

// reference is the layer that speaks for the tile: the best of those pulled for it.
func (m media) reference() ingest.LayerState {
	rank := map[ingest.Status]int{ingest.Live: 4, ingest.Reconnecting: 3, ingest.Connecting: 2, ingest.Idle: 1}
	best, found := ingest.LayerState{Status: ingest.Connecting}, false
	for i, held := range m.held {
		if l := m.camera.Layers[i]; held && (!found || rank[l.Status] > rank[best.Status]) {
			best, found = l, true
		}
	}
	return best
}

// instant is t for a message, absent when zero.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
