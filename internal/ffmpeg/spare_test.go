package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"
)

// one reads one raw picture and writes it again.
var one = []string{"-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x16", "-i", "pipe:0", "-frames:v", "1", "-f", "rawvideo", "pipe:1"}

func (s *Spare) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		return 0
	}
	return s.next.cmd.Process.Pid
}

// Each job has a child of its own, also when it waited; what nobody wants goes.
func TestSpareHasAChildForEachJob(t *testing.T) {
	s := find(t).Spare(one, 30*time.Second)
	defer s.Close()
	var jobs sync.WaitGroup
	seen := map[int]bool{}
	for i := range 6 {
		in := bytes.Repeat([]byte{byte(i + 1)}, 256)
		jobs.Go(func() {
			var out bytes.Buffer
			if err := s.Run(t.Context(), bytes.NewReader(append(bytes.Clone(in), make([]byte, 1<<20)...)), &out); err != nil || !bytes.Equal(out.Bytes(), in) {
				t.Errorf("job %d: %d bytes, %v", i, out.Len(), err)
			}
		})
		if i > 2 {
			jobs.Wait()
			pid := s.waiting()
			if pid == 0 || seen[pid] {
				t.Errorf("after job %d, %d waits", i, pid)
			}
			seen[pid] = true
		}
	}
	pid := s.waiting()
	s.Close()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("child %d is there after Close: %v", pid, err)
	}
	if err := s.Run(t.Context(), bytes.NewReader(make([]byte, 256)), &bytes.Buffer{}); err != nil || s.waiting() != 0 {
		t.Errorf("after Close: %v, %d waits", err, s.waiting())
	}
}

func TestSpareGoesByItself(t *testing.T) {
	s := find(t).Spare(one, time.Millisecond)
	defer s.Close()
	if err := s.Run(t.Context(), bytes.NewReader(make([]byte, 256)), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); s.waiting() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it stays")
		}
	}
}

// endless is an input without an end that says when it is read.
type endless struct{ read chan struct{} }

func (e endless) Read(p []byte) (int, error) {
	select {
	case e.read <- struct{}{}:
	default:
	}
	clear(p)
	return len(p), nil
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("too much") }

func TestSpareEndsAsAJobDoes(t *testing.T) {
	s := find(t).Spare(copying, time.Minute)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	e := endless{make(chan struct{}, 1)}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, e, &bytes.Buffer{}) }()
	<-e.read
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := s.Run(t.Context(), bytes.NewReader(make([]byte, 1<<20)), refusing{}); err == nil || err.Error() == "" {
		t.Error("what it wrote was refused, and it said nothing")
	}
	bad := find(t).Spare([]string{"-loglevel", "error", "-f", "mp4", "-i", "pipe:0", "-f", "null", "-"}, time.Minute)
	defer bad.Close()
	if err := bad.Run(t.Context(), bytes.NewReader([]byte("no mp4")), &bytes.Buffer{}); err == nil {
		t.Error("what is no MP4 was read")
	}
	gone := (&Tool{Path: "/nowhere/ffmpeg", slots: make(chan struct{}, 1)}).Spare(one, time.Minute)
	if err := gone.Run(t.Context(), bytes.NewReader(nil), &bytes.Buffer{}); err == nil {
		t.Error("started")
	}
}
