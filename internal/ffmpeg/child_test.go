package ffmpeg

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// copying reads raw pictures and writes them again, for ever.
var copying = []string{"-loglevel", "info", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x16", "-i", "pipe:0", "-f", "rawvideo", "-flush_packets", "1", "pipe:1"}

func TestChildCopiesUntilItsInputEnds(t *testing.T) {
	c, err := find(t).Start(t.Context(), copying)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := syscall.Getpriority(syscall.PRIO_PROCESS, c.Pid()); err != nil || 20-n < childNice {
		t.Errorf("niceness %d, %v", 20-n, err)
	}
	if _, err := c.In.Write(make([]byte, 10*256)); err != nil {
		t.Fatal(err)
	}
	c.In.Close()
	out, err := io.ReadAll(c.Out)
	if err != nil || len(out) != 10*256 {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	<-c.Done()
	if err := c.Close(); err != io.EOF {
		t.Errorf("ended with %v", err)
	}
	if s := c.Tail(); !strings.Contains(s, "rawvideo") || len(s) > 2048 {
		t.Errorf("it said %q", s)
	}
}

func TestChildThatIsNotReadCanBeClosed(t *testing.T) {
	c, err := find(t).Start(t.Context(), []string{"-loglevel", "error", "-f", "lavfi", "-i", "testsrc2", "-f", "rawvideo", "pipe:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c.Out, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Close(); err == nil || err == io.EOF {
		t.Errorf("a killed child ended with %v", err)
	}
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("closing took %v", d)
	}
}

func TestChildOfAFalseProgram(t *testing.T) {
	tool := &Tool{Path: "/nowhere/ffmpeg"}
	if _, err := tool.Start(t.Context(), nil); err == nil {
		t.Error("started")
	}
}

func TestKnowsItsEncoders(t *testing.T) {
	tool := find(t)
	if !tool.Encodes(t.Context(), "mjpeg") || tool.Encodes(t.Context(), "no-such-encoder") {
		t.Error("encoders are not read right")
	}
}

// A child dies with the process that started it, however that ends.
func TestChildDiesWithItsParent(t *testing.T) {
	if os.Getenv("FFMPEG_TEST_PARENT") != "" {
		tool, err := Find(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		c, err := tool.Start(context.Background(), copying)
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("\npid " + strconv.Itoa(c.Pid()) + "\n")
		select {} // until killed
	}
	parent := exec.Command(os.Args[0], "-test.run", "^TestChildDiesWithItsParent$")
	parent.Env = append(os.Environ(), "FFMPEG_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for s := bufio.NewScanner(out); pid == 0 && s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "pid "); ok {
			pid, _ = strconv.Atoi(v)
		}
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if pid == 0 {
		t.Fatal("no child was started")
	}
	deadline := time.Now().Add(time.Minute)
	for {
		st, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(st), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("child %d outlived its parent", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
