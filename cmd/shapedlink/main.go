// Command shapedlink is a line between viewers and a media server, for tests
// that need a slow, long or lossy one:
//
//	go run ./cmd/shapedlink -to 127.0.0.1:8189 -kbit 3000 -queue 64 -delay 15ms -loss 0.01
//
// It prints the UDP address viewers are to send to, then takes one shape a line
// on its input ("kbit 1000", "delay 50ms", "loss 0.02", "queue 32") and answers
// "ok"; "stats" prints how many packets passed, overflowed and were lost. It
// ends with its input. A viewer gets there when the candidate of the server's
// answer names that address and the viewer's own candidates are taken out of
// its offer: then no other way is known to either side.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"sightline/internal/testpeer"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "shapedlink:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	fs := flag.NewFlagSet("shapedlink", flag.ContinueOnError)
	listen := fs.String("listen", "127.0.0.1:0", "UDP address for viewers")
	to := fs.String("to", "", "UDP address of the media server")
	kbit := fs.Int("kbit", 0, "kbit/s towards viewers, 0 is unlimited")
	queue := fs.Int("queue", 64, "KB that may wait")
	delay := fs.Duration("delay", 0, "one-way delay in both directions")
	loss := fs.Float64("loss", 0, "share of packets towards viewers lost at random")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *to == "" {
		return errors.New("-to is missing")
	}
	s := testpeer.Shape{Bits: *kbit * 1000, Queue: *queue << 10, Delay: *delay, Loss: *loss}
	l, err := testpeer.NewLink(*listen, *to, s, testpeer.Shape{Delay: *delay})
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintln(out, l.Addr())
	for sc := bufio.NewScanner(in); sc.Scan(); {
		line := strings.TrimSpace(sc.Text())
		if line == "stats" {
			d := l.Down()
			fmt.Fprintln(out, d.Passed, d.Overflowed, d.Lost)
			continue
		}
		if err := change(&s, line); err != nil {
			fmt.Fprintln(out, "error:", err)
			continue
		}
		l.SetDown(s)
		l.SetUp(testpeer.Shape{Delay: s.Delay})
		fmt.Fprintln(out, "ok")
	}
	return nil
}

// change takes one "name value" into s.
func change(s *testpeer.Shape, line string) (err error) {
	name, v, _ := strings.Cut(line, " ")
	switch name {
	case "kbit":
		s.Bits, err = strconv.Atoi(v)
		s.Bits *= 1000
	case "queue":
		s.Queue, err = strconv.Atoi(v)
		s.Queue <<= 10
	case "delay":
		s.Delay, err = time.ParseDuration(v)
	case "loss":
		s.Loss, err = strconv.ParseFloat(v, 64)
	default:
		err = fmt.Errorf("%q is not kbit, queue, delay or loss", name)
	}
	return err
}
