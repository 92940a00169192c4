package archive

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/testcam"
	"sightline/sfu"
)

// The crash test's other process: it records a camera until it is killed, and
// says so when it does, and of every picture when it came.
const childEnv = "SIGHTLINE_ARCHIVE_CHILD" // folder, the camera's URL

func recordForEver() {
	args := strings.Split(os.Getenv(childEnv), "\n")
	fleet := newFleet()
	a, err := New(Config{Sources: fleet, Disks: []Disk{{Path: args[0]}}, Reserve: 1 << 20, Segment: 4 * time.Second})
	if err != nil {
		say("broken %v", err)
		return
	}
	fleet.Set(ingest.Source{ID: "gate", Main: args[1], Enabled: true})
	streams, _ := fleet.Streams("gate")
	streams.Video[ingest.Main].AddSink(came{})
	if err := a.SetPolicy("gate", Policy{Mode: ModeContinuous}, nil); err != nil {
		say("broken %v", err)
		return
	}
	go a.Run(context.Background())
	for !a.Status("gate").Recording {
		time.Sleep(time.Millisecond)
	}
	say("recording")
	select {}
}

// came says when a picture came, in microseconds.
type came struct{}

func (came) Frame(_ sfu.Format, fr *sfu.Frame) {
	say("%d", clock.At(clock.System, fr.Mono).UnixMicro())
}

func (came) Closed() {}

// F15: killed at any moment. At most 2 s of what came are lost, and what is left
// is whole and listed, without anybody's help.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, Config{Disks: []Disk{{Path: dir}}})
	cam := w.camera("gate", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 2 * time.Second}))
	w.end()
	worst := time.Duration(0)
	seen := map[string]bool{}
	for round := range crashes {
		began, last := recordAndKill(t, dir, cam.Main())
		w.start()
		list := w.segments("gate")
		t.Logf("round %d: killed after %v, %d segments", round, last.Sub(began), len(list))
		if len(list) == 0 {
			worst = max(worst, last.Sub(began))
			if last.Sub(began) > 2*time.Second {
				t.Fatalf("round %d: nothing is left of %v", round, last.Sub(began))
			}
			w.end()
			continue
		}
		consistent(t, list)
		if kept := list[len(list)-1].To; kept.After(began) {
			worst = max(worst, last.Sub(kept))
		} else {
			worst = max(worst, last.Sub(began))
		}
		if marks, _ := os.ReadDir(filepath.Join(dir, dirOpen)); len(marks) != 0 {
			t.Errorf("round %d: %d segments are still open", round, len(marks))
		}
		if n := len(files(t, dir)); n != len(list) {
			t.Errorf("round %d: %d files, %d listed", round, n, len(list))
		}
		w.end()
		for _, f := range files(t, dir) {
			if !seen[f] {
				decode(t, f)
				seen[f] = true
			}
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if worst > 2*time.Second {
		t.Errorf("%v are lost", worst)
	}
	t.Logf("%d crashes, %d segments, at most %v lost", crashes, len(seen), worst)
}

// recordAndKill runs the other process until a random moment after it began to
// record, and says when the pictures came that were the newest then.
func recordAndKill(t *testing.T, dir, url string) (began, last time.Time) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir+"\n"+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "recording" {
			began = last
			time.AfterFunc(time.Duration(rand.IntN(3500))*time.Millisecond, func() { cmd.Process.Kill() })
			continue
		}
		at, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Errorf("the child said %q", lines.Text())
			cmd.Process.Kill()
			break
		}
		last = time.UnixMicro(at)
	}
	cmd.Wait()
	if began.IsZero() {
		t.Fatal("the child ended before it recorded")
	}
	return began, last
}
