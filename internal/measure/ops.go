package measure

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const profileFor = 10 * time.Second

// Scrape reads a server's metrics: the sum over all labels of each name.
func Scrape(ctx context.Context, ops string) (map[string]float64, error) {
	out := map[string]float64{}
	err := fetch(ctx, ops+"/metrics", func(r io.Reader) error {
		sc := bufio.NewScanner(r)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			line := sc.Text()
			at := strings.LastIndexByte(line, ' ')
			if at < 0 || line[0] == '#' {
				continue
			}
			name, _, _ := strings.Cut(line[:at], "{")
			if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
				out[name] += v
			}
		}
		return sc.Err()
	})
	return out, err
}

// profile fetches the server's CPU and heap profile while n viewers watch,
// after they have been measured: taking it costs the server something.
func (b *mediaBench) profile(ctx context.Context, n int) error {
	if b.o.Profiles == "" {
		return nil
	}
	b.o.Progress("  profiles of the server")
	for name, path := range map[string]string{
		"cpu":  fmt.Sprintf("/debug/pprof/profile?seconds=%d", int(profileFor.Seconds())),
		"heap": "/debug/pprof/heap",
	} {
		file := filepath.Join(b.o.Profiles, fmt.Sprintf("%s-%d.pprof", name, n))
		err := fetch(ctx, b.p.Demo.OpsURL+path, func(r io.Reader) error {
			f, err := os.Create(file)
			if err != nil {
				return err
			}
			if _, err := io.Copy(f, r); err != nil {
				f.Close()
				return err
			}
			return f.Close()
		})
		if err != nil {
			return fmt.Errorf("%s profile: %w", name, err)
		}
	}
	return nil
}

func fetch(ctx context.Context, url string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, profileFor+20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, res.Status)
	}
	return read(res.Body)
}
