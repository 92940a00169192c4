package measure

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"time"
)

// Feeds sends images of one still camera, one after another, to a group of
// members and returns, for each image and member, the time from the upload's
// first byte until the member's own list has it (row R51), looked at every
// 100 ms.
func Feeds(ctx context.Context, d Demo, members, images int) (Durations, error) {
	l := &lab{demo: d, bases: []string{d.BaseURL}, owner: NewClient(d.BaseURL, d.Accounts[0].Token)}
	patiently := Patient(ctx)
	people, err := l.accounts(patiently, members)
	if err != nil {
		return nil, err
	}
	in, err := l.stillCamera(patiently)
	if err != nil {
		return nil, err
	}
	var group struct{ ID string }
	var code struct{ Code string }
	if err := l.owner.Do(patiently, "POST", "/api/v1/groups", map[string]string{"name": "Feeds"}, &group); err != nil {
		return nil, fmt.Errorf("make a group: %w", err)
	}
	at := "/api/v1/groups/" + group.ID
	if err := l.owner.Do(patiently, "POST", at+"/codes", map[string]string{"role": "member"}, &code); err != nil {
		return nil, fmt.Errorf("make a code: %w", err)
	}
	for _, p := range people {
		if err := p.Do(patiently, "POST", "/api/v1/groups/join", map[string]string{"code": code.Code}, nil); err != nil {
			return nil, fmt.Errorf("join: %w", err)
		}
	}
	if err := l.owner.Do(patiently, "PUT", at+"/cameras/"+in.camera, map[string]bool{"images_only": true}, nil); err != nil {
		return nil, fmt.Errorf("share in a group: %w", err)
	}
	var out Durations
	for n := range images {
		sent := time.Now()
		if status, err := in.send(ctx, picture(n)); err != nil || status != http.StatusCreated {
			return nil, fmt.Errorf("upload: status %d, %w", status, err)
		}
		took := make(Durations, len(people))
		ended := make(chan error, len(people))
		for i, p := range people {
			go func() {
				err := p.holds(patiently, n+1)
				took[i] = time.Since(sent)
				ended <- err
			}()
		}
		for range people {
			err = errors.Join(err, <-ended)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, took...)
	}
	return out, nil
}

// Bombs uploads n files whose header promises 65,535 x 65,535 pixels, one after
// another, and returns how long each refusal took (threat T29).
func Bombs(ctx context.Context, d Demo, n int) (Durations, error) {
	l := &lab{demo: d, bases: []string{d.BaseURL}, owner: NewClient(d.BaseURL, d.Accounts[0].Token)}
	in, err := l.stillCamera(Patient(ctx))
	if err != nil {
		return nil, err
	}
	bomb := picture(0)
	sof := bytes.Index(bomb, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint32(bomb[sof+5:], 0xffffffff) // height and width
	var out Durations
	for range n {
		began := time.Now()
		status, err := in.send(ctx, bomb)
		if err != nil || status != http.StatusRequestEntityTooLarge && status != http.StatusUnprocessableEntity {
			return nil, fmt.Errorf("a bomb: status %d, %w", status, err)
		}
		out = append(out, time.Since(began))
	}
	return out, nil
}

// intakeDoor is where a still camera uploads to.
type intakeDoor struct {
	camera string
	URL    string `json:"upload_url"`
	Key    string
}

func (l *lab) stillCamera(ctx context.Context) (intakeDoor, error) {
	var c struct{ ID string }
	if err := l.owner.Do(ctx, "POST", "/api/v1/cameras", map[string]string{"kind": "still", "name": "Trail", "zone": "UTC"}, &c); err != nil {
		return intakeDoor{}, fmt.Errorf("make a still camera: %w", err)
	}
	in := intakeDoor{camera: c.ID}
	return in, l.owner.Do(ctx, "GET", "/api/v1/cameras/"+c.ID+"/intake", nil, &in)
}

// send uploads one file and returns the status of the answer. A camera tells
// again what a server could not take for the moment; the time goes on meanwhile.
func (in intakeDoor) send(ctx context.Context, file []byte) (status int, err error) {
	status, err = in.once(ctx, file)
	for tries := 0; err == nil && status == http.StatusServiceUnavailable && tries < 20; tries++ {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return 0, err
		}
		status, err = in.once(ctx, file)
	}
	return status, err
}

func (in intakeDoor) once(ctx context.Context, file []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, in.URL, bytes.NewReader(file))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+in.Key)
	req.Header.Set("Content-Type", "image/jpeg")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// holds returns once the person's own list has n images.
func (p *someone) holds(ctx context.Context, n int) error {
	for {
		var got struct{ Images []struct{ ID string } }
		if err := p.Do(ctx, "GET", "/api/v1/images", nil, &got); err != nil {
			return err
		}
		if len(got.Images) >= n {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// picture is the n-th of a row of JPEG files that all differ.
func picture(n int) []byte {
	m := image.NewGray(image.Rect(0, 0, 640, 360))
	for i := range m.Pix {
		m.Pix[i] = color.Gray{Y: uint8(i*(n+3)/97 + n)}.Y //nolint:gosec // a pattern; it may wrap
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err) // a picture in memory of a legal size
	}
	return b.Bytes()
}
