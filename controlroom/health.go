package controlroom

import (
	"context"
	"math"
	"time"

	"sightline/authz"
	"sightline/ingest"
)

// Health is how a camera's layers and its sound do on this node, for its owner.
type Health struct {
	Layers    map[string]LayerHealth `json:"layers"` // "main", "sub"
	Audio     bool                   `json:"audio"`
	Sound     SoundHealth            `json:"sound"`
	LastError string                 `json:"last_error,omitempty"` // what is wrong now, of either layer
}

// LayerHealth is one layer of Health.
type LayerHealth struct {
	LayerView
	ProfileName     string     `json:"profile_name,omitempty"` // "Main"
	BFrames         bool       `json:"b_frames,omitempty"`
	Detail          string     `json:"detail,omitempty"` // what is wrong now, in words
	ReceivedPackets uint64     `json:"received_packets"` // since the layer connected
	LostPackets     uint64     `json:"lost_packets"`     // on the way from the camera, since the layer connected
	LossPercent     float64    `json:"loss_percent"`
	LastError       string     `json:"last_error,omitempty"` // the newest failure, kept while all is well again
	LastErrorAt     *time.Time `json:"last_error_at,omitempty"`
	// Transcoding is there when what the camera sends is converted by ffmpeg.
	Transcoding *Transcoding `json:"transcoding,omitempty"`
}

// SoundHealth is the sound of Health.
type SoundHealth struct {
	Codec       string       `json:"codec,omitempty"` // of what viewers get
	Rate        int          `json:"rate,omitempty"`  // its RTP clock
	Note        string       `json:"note,omitempty"`  // why there is none although the camera sends some
	Transcoding *Transcoding `json:"transcoding,omitempty"`
}

// Transcoding is an ffmpeg child; it runs while somebody watches or listens.
type Transcoding struct {
	From     string     `json:"from"` // the camera's name for its codec
	To       string     `json:"to"`
	Running  bool       `json:"running"`
	Since    *time.Time `json:"since,omitempty"`
	Restarts int        `json:"restarts"`          // children that ended by themselves since the layer connected
	Dropped  uint64     `json:"dropped"`           // pictures or sounds it was too slow for
	Said     string     `json:"said,omitempty"`    // the end of what it wrote on its error output, at most 2 KB
	Trouble  string     `json:"trouble,omitempty"` // why none runs although one is wanted
}

// CameraHealth is the state of an own camera's layers on this node; everybody
// but the owner gets the decision's error.
func (r *Room) CameraHealth(ctx context.Context, sub authz.Subject, id string) (Health, error) {
	a, err := r.mine(ctx, sub, id)
	if err != nil {
		return Health{}, err
	}
	h := Health{Layers: map[string]LayerHealth{}}
	st, ok := r.deps.fleet.State(a.Camera.ID)
	if !ok {
		return h, nil
	}
	views := stateFace(st)
	h.Audio = st.Audio
	h.Sound = SoundHealth{Codec: string(st.Sound.Codec), Rate: st.Sound.Rate, Note: st.AudioNote, Transcoding: transcoding(st.Sound.Convert)}
	for _, l := range []ingest.Layer{ingest.Main, ingest.Sub} {
		v, ok := views.Layers[l.String()]
		if !ok {
			continue
		}
		s := st.Layers[l]
		if s.Detail != "" && h.LastError == "" {
			h.LastError = s.Detail
		}
		h.Layers[l.String()] = LayerHealth{
			LayerView: v, ProfileName: s.Profile, BFrames: s.Format.BFrames, Detail: s.Detail,
			ReceivedPackets: s.Received, LostPackets: s.Lost, LossPercent: share(s.Lost, s.Received+s.Lost),
			LastError: s.LastError, LastErrorAt: instant(s.LastErrorAt), Transcoding: transcoding(s.Convert),
		}
	}
	return h, nil
}

// share of part in all in percent, to a hundredth.
func share(part, all uint64) float64 {
	if all == 0 {
		return 0
	}
	return math.Round(float64(part)/float64(all)*1e4) / 100
}

func transcoding(c *ingest.Conversion) *Transcoding {
	if c == nil {
		return nil
	}
	return &Transcoding{From: c.From, To: c.To, Running: c.Running, Since: instant(c.Since), Restarts: c.Restarts,
		Dropped: c.Dropped, Said: c.Said, Trouble: c.Trouble}
}

// Aspect is the width over the height of a camera's pictures as far as known on
// this node, 0 else. Who may see the camera is for the caller to know.
func (r *Room) Aspect(camera string) float64 {
	st, ok := r.deps.fleet.State(camera)
	if !ok {
		return 0
	}
	return aspect(st)
}
