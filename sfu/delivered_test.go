package sfu_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// viewersReport is what the process of viewers measured.
type viewersReport struct {
	Packets, Missing, Drops uint64
	First                   []time.Duration
}

const viewersVar = "SIGHTLINE_BENCH_VIEWERS" // "<count> <url>": this process is the viewers

// TestViewersProcess is the other process of BenchmarkDelivered and does
// nothing by itself.
func TestViewersProcess(t *testing.T) {
	n, url, ok := strings.Cut(os.Getenv(viewersVar), " ")
	if !ok {
		return
	}
	count, err := strconv.Atoi(n)
	if err != nil {
		t.Fatal(err)
	}
	peers := make([]*testpeer.Peer, count)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range peers {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			p, err := testpeer.Join(ctx, testpeer.Config{TWCC: true, NACK: true, Exchange: func(ctx context.Context, offer string) (string, error) {
				r, err := http.Post(fmt.Sprintf("%s/join?n=%d", url, i), "application/sdp", strings.NewReader(offer))
				if err != nil {
					return "", err
				}
				defer r.Body.Close()
				b, err := io.ReadAll(r.Body)
				return string(b), err
			}})
			if err != nil {
				t.Error(err)
				return
			}
			peers[i] = p
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	r, err := http.Post(url+"/ready", "text/plain", nil) // answers when the measurement is over
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	var rep viewersReport
	for _, p := range peers {
		s := p.Stats()[0]
		rep.Packets += s.Packets
		rep.Missing += s.Missing
		d, err := p.SocketDrops()
		if err != nil {
			t.Error(err)
		}
		rep.Drops += d
		rep.First = append(rep.First, s.FirstKey.Sub(p.OfferSent()))
	}
	b, _ := json.Marshal(rep)
	r, err = http.Post(url+"/report", "application/json", strings.NewReader(string(b)))
	if err == nil {
		_ = r.Body.Close()
	}
	for _, p := range peers {
		p.Close()
	}
	http.DefaultClient.CloseIdleConnections()
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDelivered is the cost bar in small: six streams of 2 Mbit/s, viewers
// in a process of their own, this process's CPU time by delivered packet.
func BenchmarkDelivered(b *testing.B) {
	for _, n := range []int{12, 60, 120, 400} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { delivered(b, n, nil) })
	}
}

// BenchmarkEgress compares the ways in which packets can leave, at 120 viewers.
func BenchmarkEgress(b *testing.B) {
	for _, w := range []sfu.EgressMode{sfu.EgressGSO, sfu.EgressMMsg, sfu.EgressPlain} {
		b.Run(string(w), func(b *testing.B) { delivered(b, 120, func(c *sfu.EngineConfig) { c.Egress = w }) })
	}
	b.Run("gso-through-pion", func(b *testing.B) { delivered(b, 120, func(c *sfu.EngineConfig) { c.NoDirect = true }) })
}

const profileVar = "SIGHTLINE_BENCH_PROFILE" // a directory: a CPU profile of each measured window is left there

// profile records what the measured window spends, without the joining before it.
func profile(b *testing.B, viewers int) (stop func()) {
	dir := os.Getenv(profileVar)
	if dir == "" {
		return func() {}
	}
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("delivered-%d.prof", viewers)))
	if err != nil {
		b.Fatal(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		b.Fatal(err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}
}

// rss is this process's resident memory in KB.
func rss() float64 {
	b, _ := os.ReadFile("/proc/self/status")
	_, s, _ := strings.Cut(string(b), "VmRSS:")
	f := strings.Fields(s)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.ParseFloat(f[0], 64)
	return n
}

func delivered(b *testing.B, viewers int, change func(*sfu.EngineConfig)) {
	m0 := rss()
	e := engine(b, change)
	var cams []*camera
	for i := range 6 {
		c := newCamera(b, "cam", sfu.H264, 2*time.Second, 2_000_000).fill(10 + i*6)
		cams = append(cams, c.run(b))
	}
	var mu sync.Mutex
	var srv []*sfu.Peer
	ready, over, report := make(chan struct{}), make(chan struct{}), make(chan viewersReport, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/join", func(w http.ResponseWriter, r *http.Request) {
		offer, _ := io.ReadAll(r.Body)
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		p, answer, err := e.NewPeer(r.Context(), sfu.PeerConfig{Offer: string(offer)})
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		mu.Lock()
		srv = append(srv, p)
		mu.Unlock()
		attach(b, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cams[n%6].s}})
		_, _ = io.WriteString(w, answer)
	})
	mux.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) { close(ready); <-over })
	mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		var rep viewersReport
		_ = json.NewDecoder(r.Body).Decode(&rep)
		report <- rep
	})
	h := httptest.NewServer(mux)
	defer h.Close()
	child := exec.Command(os.Args[0], "-test.run=^TestViewersProcess$")
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", viewersVar, viewers, h.URL))
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- child.Wait() }()
	select {
	case <-ready:
	case err := <-gone:
		b.Fatalf("the viewers' process ended before all had joined: %v", err)
	}
	time.Sleep(3 * time.Second) // replays and the playout-delay reset are over
	sent := func() (n uint64) {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range srv {
			n += p.Stats().Packets
		}
		return n
	}
	b.ResetTimer()
	profiled := profile(b, viewers)
	var a0, a1 runtime.MemStats
	runtime.ReadMemStats(&a0)
	c0, s0, t0 := cpu(), sent(), time.Now()
	time.Sleep(8 * time.Second)
	used, packets, took := cpu()-c0, sent()-s0, time.Since(t0)
	b.StopTimer()
	profiled()
	m1 := rss()
	runtime.ReadMemStats(&a1)
	b.ReportMetric(float64(a1.Mallocs-a0.Mallocs)/float64(packets), "allocs/packet")
	close(over)
	rep := <-report
	if err := <-gone; err != nil {
		b.Error(err)
	}
	slices.Sort(rep.First)
	cost := float64(used.Microseconds()) / float64(packets)
	least := float64(floor(b, 100_000).Nanoseconds()) / 100_000 / 1000
	b.ReportMetric(cost, "µs/packet")
	b.ReportMetric(least, "µs-floor")
	b.ReportMetric(cost/least, "x-floor")
	b.ReportMetric(float64(packets)/took.Seconds(), "packets/s")
	b.ReportMetric((m1-m0)/float64(viewers), "KB-RSS/viewer")
	b.ReportMetric(float64(rep.Missing), "gaps")
	b.ReportMetric(float64(rep.Drops), "drops")
	b.ReportMetric(float64(rep.First[len(rep.First)*95/100].Microseconds())/1000, "first-p95-ms")
	b.ReportMetric(0, "ns/op")
}
