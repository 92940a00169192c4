package gallery

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/blob/dirblob"
	"sightline/internal/fault"
	"sightline/internal/kv/boltkv"
	"sightline/internal/seal"
)

// The crash test's other process: it accepts images until it is killed, and says
// on stdout what it tried and what it was answered.
const childEnv = "SIGHTLINE_GALLERY_CHILD" // folder, camera, first number

func child() bool {
	args := strings.Split(os.Getenv(childEnv), "\n")
	if len(args) != 3 {
		return false
	}
	if err := intakeForEver(args[0], args[1], args[2]); err != nil {
		fmt.Println("broken", err)
	}
	return true
}

// parts opens store, authority and gallery in dir, without running them.
func parts(ctx context.Context, dir string) (g *Gallery, a *authz.Authority, stop func(), err error) {
	store, err := boltkv.Open(ctx, filepath.Join(dir, "store"), boltkv.Config{})
	if err != nil {
		return nil, nil, nil, err
	}
	box, err := seal.New(seal.Key{ID: "k1", Secret: [32]byte{1}})
	if err != nil {
		return nil, nil, nil, err
	}
	a = authz.New(authz.Config{Store: store, Seal: box, Node: "n", Timeout: patience})
	blobs, err := dirblob.Open(filepath.Join(dir, "images"))
	if err != nil {
		return nil, nil, nil, err
	}
	g, err = New(Config{Store: store, Blobs: blobs, Authority: a, Alone: true, CameraRate: 60_000, Undo: 20 * time.Millisecond, Call: patience})
	return g, a, func() { blobs.Close(); store.Close() }, err
}

func intakeForEver(dir, camera, first string) error {
	ctx := context.Background()
	g, a, _, err := parts(ctx, dir)
	if err != nil {
		return err
	}
	go a.Run(ctx)
	go g.Run(ctx)
	for a.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	src, err := a.ImageSource(ctx, camera)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	var last string
	for ; ; n++ {
		data := numbered(n)
		if n%7 == 3 {
			data = data[:len(data)/2] // to be refused
		}
		fmt.Println("try", n)
		r, err := g.Accept(ctx, intake.Arrival{Camera: camera, Data: data, Via: intake.ViaHTTP})
		switch {
		case fault.Code(err) == "bad_image":
			fmt.Println("no", n)
			continue
		case err != nil:
			return err
		}
		fmt.Println("ok", n, r.Image)
		if n%5 == 4 && last != "" { // images also go, while others come
			fmt.Println("delete", last)
			if _, err := g.remove(ctx, src.Owner.ID, last); err != nil {
				return err
			}
			last = ""
			continue
		}
		last = r.Image
	}
}

// numbered is a JPEG that is like no other: its number is in a comment.
func numbered(n int) []byte {
	base := picOnce
	note := fmt.Sprintf("number %d %s", n, strings.Repeat("x", n%5*1000))
	seg := append([]byte{0xff, 0xfe, byte((len(note) + 2) >> 8), byte(len(note) + 2)}, note...)
	return append(append(bytes.Clone(base[:2]), seg...), base[2:]...)
}

var picOnce = pic(noTB{}, 12345)

// noTB lets pic run where no test does.
type noTB struct{ testing.TB }

func (noTB) Helper()           {}
func (noTB) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// told is what the children said of one image.
type told struct {
	id      string // acknowledged
	refused bool
	deleted bool
}

func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	g, a, stop, err := parts(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: g.cfg.Store, blobs: g.cfg.Blobs, auth: a, gallery: g}
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan struct{})
	go func() { a.Run(ctx); close(running) }()
	w.poll(t, "the authority is ready", func() bool { return a.Ready() == nil })
	ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
	gate := w.camera(t, ann, "Gate")
	w.share(t, ann, w.group(t, ann, "Hunters", bob), gate)
	cancel()
	<-running
	stop()

	images := map[int]*told{}
	ids := map[string]*told{}
	next := 0
	for round := range crashes {
		next = runAndKill(t, dir, gate, next, images, ids)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}

	g, a, stop, err = parts(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	w = &world{store: g.cfg.Store, blobs: g.cfg.Blobs, auth: a, gallery: g}
	ctx, cancel = context.WithCancel(t.Context())
	running = make(chan struct{})
	go func() { a.Run(ctx); close(running) }()
	defer func() { cancel(); <-running }()
	w.poll(t, "the authority is ready", func() bool { return a.Ready() == nil })
	for range 3 { // copies, then the trash, then what nothing stands behind
		if err := g.walk(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-time.After(30 * time.Millisecond)
	}
	if err := g.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	hashes := map[string]bool{}
	acked, unknown := 0, 0
	mine, theirs := w.all(t, ann.Account), w.all(t, bob.Account)
	for n, x := range images {
		data := numbered(n)
		hash := fmt.Sprintf("%x", sha256.Sum256(data))
		if n%7 == 3 {
			if _, there := mine[hash]; there || x.id != "" {
				t.Errorf("image %d was refused and is there", n)
			}
			continue
		}
		_, there := mine[hash]
		switch {
		case x.id != "" && !x.deleted:
			acked++
			if !there {
				t.Errorf("image %d was acknowledged and is lost", n)
			}
		case x.id == "":
			unknown++
		}
		if x.id != "" {
			if _, there := theirs[hash]; !there {
				t.Errorf("image %d never reached the group", n)
			}
		}
		for _, gallery := range []map[string]string{mine, theirs} {
			if _, there := gallery[hash]; there {
				hashes[hash] = true
				if got, err := g.original(t.Context(), hash); err != nil || !bytes.Equal(got, data) {
					t.Errorf("image %d is there with %d bytes: %v", n, len(got), err)
				}
			}
		}
	}
	if files := w.files(t); files != len(hashes) {
		t.Errorf("%d files for %d contents", files, len(hashes))
	}
	for _, account := range []string{ann.Account, bob.Account} {
		w.sumsAreRight(t, account)
	}
	t.Logf("%d crashes, %d images acknowledged and there, %d unanswered", crashes, acked, unknown)
}

// runAndKill starts a child, kills it at a random moment after it began to
// accept, and notes what it said.
func runAndKill(t *testing.T, dir, camera string, first int, images map[int]*told, ids map[string]*told) (next int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir+"\n"+camera+"\n"+strconv.Itoa(first))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	armed := false
	next = first
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !armed {
			armed = true
			time.AfterFunc(time.Duration(rand.IntN(200_000))*time.Microsecond, func() { cmd.Process.Signal(syscall.SIGKILL) })
		}
		f := strings.Fields(lines.Text())
		if f[0] == "broken" || len(f) < 2 {
			t.Errorf("the child said %q", lines.Text())
			cmd.Process.Kill()
			break
		}
		if f[0] == "delete" {
			if x := ids[f[1]]; x != nil {
				x.deleted = true
			}
			continue
		}
		n, _ := strconv.Atoi(f[1])
		if images[n] == nil {
			images[n] = &told{}
		}
		next = n + 1
		switch f[0] {
		case "ok":
			images[n].id = f[2]
			ids[f[2]] = images[n]
		case "no":
			images[n].refused = true
		}
	}
	cmd.Wait()
	return next
}

// all lists an account's rows by hash.
func (w *world) all(t *testing.T, account string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for id, r := range w.rows(t, account) {
		out[r.Hash] = id
	}
	return out
}
