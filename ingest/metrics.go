package ingest

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// failureCounts counts ended attempts by class.
type failureCounts struct {
	mu sync.Mutex
	n  map[class]uint64
}

func (c *failureCounts) add(k class) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[class]uint64{}
	}
	c.n[k]++
}

func (c *failureCounts) snapshot() map[class]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[class]uint64, len(classes))
	for _, k := range classes {
		out[k] = c.n[k]
	}
	return out
}

var (
	descFrames   = prometheus.NewDesc("sightline_ingest_frames_total", "Pictures received from cameras.", []string{"camera", "layer"}, nil)
	descKeys     = prometheus.NewDesc("sightline_ingest_key_frames_total", "Key frames received from cameras.", []string{"camera", "layer"}, nil)
	descWanted   = prometheus.NewDesc("sightline_ingest_wanted", "1 while the layer is to be pulled: it is watched, kept warm or recorded.", []string{"camera", "layer"}, nil)
	descLayers   = prometheus.NewDesc("sightline_ingest_layers", "Layers of cameras by state: idle, connecting, live, reconnecting (no pictures for up to 30 s), offline.", []string{"state"}, nil)
	descBytes    = prometheus.NewDesc("sightline_ingest_bytes_total", "Payload bytes written to streams.", []string{"camera", "layer"}, nil)
	descAttempts = prometheus.NewDesc("sightline_ingest_attempts_total", "Connections tried.", []string{"camera", "layer"}, nil)
	descLost     = prometheus.NewDesc("sightline_ingest_lost_packets_total", "RTP packets that did not arrive.", []string{"camera", "layer"}, nil)
	descLive     = prometheus.NewDesc("sightline_ingest_live", "1 while pictures arrive.", []string{"camera", "layer"}, nil)
	descEnded    = prometheus.NewDesc("sightline_ingest_ended_total", "Pulls that ended, by cause (panic: our own mistake).", []string{"cause"}, nil)
	descChildren = prometheus.NewDesc("sightline_ingest_conversions", "ffmpeg children that run, by what they convert.", []string{"kind"}, nil)
	descCameras  = prometheus.NewDesc("sightline_ingest_cameras", "Cameras known.", nil, nil)
)

// statuses are all of Status.
var statuses = [...]Status{Idle, Connecting, Live, Reconnecting, Offline}

// collector reads the fleet's counters when scraped: 14 series a camera, gone
// with it. The camera label is the random id, never a name.
type collector struct{ f *Fleet }

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descFrames, descKeys, descWanted, descLayers, descBytes, descAttempts, descLost, descLive, descEnded, descChildren, descCameras} {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	cams := c.f.all()
	ch <- prometheus.MustNewConstMetric(descCameras, prometheus.GaugeValue, float64(len(cams)))
	if k := c.f.kitchen; k != nil {
		ch <- prometheus.MustNewConstMetric(descChildren, prometheus.GaugeValue, float64(len(k.videos)), "video")
		ch <- prometheus.MustNewConstMetric(descChildren, prometheus.GaugeValue, float64(len(k.sounds)), "audio")
	}
	for cause, n := range c.f.failures.snapshot() {
		ch <- prometheus.MustNewConstMetric(descEnded, prometheus.CounterValue, float64(n), string(cause))
	}
	layers := map[Status]int{}
	for _, cam := range cams {
		for l, p := range cam.layers() {
			if p == nil {
				continue
			}
			layer := Layer(l).String()
			count := func(d *prometheus.Desc, n uint64) {
				ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), cam.id, layer)
			}
			count(descFrames, p.frames.Load())
			count(descKeys, p.keys.Load())
			count(descBytes, p.bytes.Load())
			count(descAttempts, p.attempts.Load())
			p.mu.Lock()
			status, s := p.st.status, p.sess
			p.mu.Unlock()
			lost := p.lost.Load()
			if s != nil {
				lost += s.lost.Load()
			}
			count(descLost, lost)
			ch <- prometheus.MustNewConstMetric(descLive, prometheus.GaugeValue, oneIf(status == Live), cam.id, layer)
			ch <- prometheus.MustNewConstMetric(descWanted, prometheus.GaugeValue, oneIf(status != Idle && status != ""), cam.id, layer)
			layers[status]++
		}
	}
	for _, s := range statuses {
		ch <- prometheus.MustNewConstMetric(descLayers, prometheus.GaugeValue, float64(layers[s]), string(s))
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
