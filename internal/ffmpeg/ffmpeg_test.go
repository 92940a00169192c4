package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFindsTheProgramAndItsVersion(t *testing.T) {
	tool, err := Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if tool.Version == "" || !filepath.IsAbs(tool.Path) {
		t.Fatalf("found %+v", tool)
	}
}

func TestMissingProgramSaysWhatToInstall(t *testing.T) {
	t.Setenv("SIGHTLINE_FFMPEG", "no-such-program")
	_, err := Find(context.Background())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "apt-get install ffmpeg") {
		t.Fatalf("error = %v", err)
	}
}

func TestAnotherProgramIsRefused(t *testing.T) {
	p := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(p, []byte("#!/bin/sh\necho hello there world\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SIGHTLINE_FFMPEG", p)
	if _, err := Find(context.Background()); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("error = %v", err)
	}
}

func TestRunReadsAndWritesPipes(t *testing.T) {
	tool := find(t)
	var out bytes.Buffer
	err := tool.Run(context.Background(), Job{
		Args: []string{"-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x16", "-i", "-", "-f", "rawvideo", "-"},
		In:   bytes.NewReader(make([]byte, 256)), Out: &out,
	})
	if err != nil || out.Len() != 256 {
		t.Fatalf("%d bytes, %v", out.Len(), err)
	}
}

func TestErrorCarriesTheLastLines(t *testing.T) {
	err := find(t).Run(context.Background(), Job{Args: []string{"-loglevel", "error", "-i", "/nowhere.mp4", "-f", "null", "-"}})
	if err == nil || !strings.Contains(err.Error(), "No such file") {
		t.Fatalf("error = %v", err)
	}
}

func TestTimeLimitKillsTheWholeGroup(t *testing.T) {
	dir := t.TempDir()
	p := filepath.Join(dir, "slow")
	script := "#!/bin/sh\nsleep 300 &\necho $! > " + dir + "/pid\nwait\n"
	if err := os.WriteFile(p, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	tool := &Tool{Path: p, slots: make(chan struct{}, 1)}
	begin := time.Now()
	err := tool.Run(context.Background(), Job{Limit: 4 * time.Second})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > time.Minute {
		t.Fatalf("after %v: %v", time.Since(begin), err)
	}
	pid, err := os.ReadFile(dir + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		st, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || strings.Contains(string(st), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("grandchild %s still runs", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestNoMoreAtOnceThanSlots(t *testing.T) {
	tool := &Tool{Path: "/bin/sh", slots: make(chan struct{}, 1)}
	tool.slots <- struct{}{}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := tool.Run(ctx, Job{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("ran beside a full set of slots: %v", err)
	}
}

func find(t *testing.T) *Tool {
	t.Helper()
	tool, err := Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return tool
}
