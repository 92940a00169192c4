package main

import (
	"cmp"
	"context"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
)

// registerMetrics registers the figures of the program as a whole: what it is,
// whether it serves, and the disks it writes to.
func (n *node) registerMetrics(reg prometheus.Registerer) {
	kind := "redis"
	if n.cfg.Store.Embedded() {
		kind = "bolt"
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sightline_build_info", Help: "1, with the version, the Go version and the kind of store as labels.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version(), "store": kind}})
	build.Set(1)
	reg.MustRegister(build, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sightline_ready", Help: "1 while /readyz answers 200: everything serves and the store is trusted."}, n.readiness))
	disks := &diskCollector{folders: map[string]string{"data": n.cfg.Data}}
	if n.cfg.Images.S3.Endpoint == "" {
		disks.folders["images"] = cmp.Or(n.cfg.Images.Folder, filepath.Join(n.cfg.Data, "images"))
	}
	reg.MustRegister(disks)
}

func (n *node) readiness() float64 {
	// A scrape comes while the server is built: the authority may not be there yet.
	if !n.ready.Load() || n.Ready(context.Background()) != nil {
		return 0
	}
	return 1
}

var (
	descFree = prometheus.NewDesc("sightline_disk_free_bytes", "Bytes the program may still write to the disk of a folder (data, images).", []string{"folder"}, nil)
	descSize = prometheus.NewDesc("sightline_disk_size_bytes", "Size of the disk of a folder (data, images).", []string{"folder"}, nil)
)

// diskCollector asks the system when scraped. A folder that is not there has no figures.
type diskCollector struct{ folders map[string]string }

func (c *diskCollector) Describe(ch chan<- *prometheus.Desc) { ch <- descFree; ch <- descSize }

func (c *diskCollector) Collect(ch chan<- prometheus.Metric) {
	for name, path := range c.folders {
		var st syscall.Statfs_t
		if syscall.Statfs(path, &st) != nil {
			continue
		}
		block := float64(st.Bsize)
		ch <- prometheus.MustNewConstMetric(descFree, prometheus.GaugeValue, float64(st.Bavail)*block, name)
		ch <- prometheus.MustNewConstMetric(descSize, prometheus.GaugeValue, float64(st.Blocks)*block, name)
	}
}
