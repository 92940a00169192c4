package testcam

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// Served is the line of JSON `sightline demo-cameras` prints when ready.
type Served struct {
	Cameras []ServedCamera `json:"cameras"`
}

// ServedCamera is one camera of it.
type ServedCamera struct {
	Name         string  `json:"name"`
	Main         string  `json:"rtsp_main"`
	Sub          string  `json:"rtsp_sub"`
	KeyIntervalS float64 `json:"key_interval_s"`
	Audio        bool    `json:"audio"`
	FromMS       int64   `json:"from_ms"`         // Unix time at which the picture with number 0 was sent
	ONVIF        string  `json:"onvif,omitempty"` // address of its device service, of one that can be steered
}

// ServeConfig of Serve.
type ServeConfig struct {
	Dir      string // clip cache; "" = shared cache
	Out      io.Writer
	Progress func(done, total int) // told while clips are encoded; may be nil

	Only           string // name of the one scene to serve; "" = all six
	Listen         string // "" = a free loopback port; with Only
	User, Password string // with both: the cameras ask for a login (Digest)
	Stamp          bool   // as in Config
}

// Serve starts the six demo cameras on free loopback ports, writes one line of
// JSON (Served) to Out when all listen, and runs until ctx ends; it returns nil then.
func Serve(ctx context.Context, cfg ServeConfig) error {
	scenes, err := Clips(ctx, cfg.Dir, cfg.Progress)
	if err != nil {
		return err
	}
	var out Served
	for _, s := range scenes {
		if cfg.Only != "" && cfg.Only != s.Name {
			continue
		}
		cam, err := New(Config{Main: s.Main, Sub: s.Sub, SDPOnly: s.SDPOnly, Start: sceneStart, Listen: cfg.Listen, User: cfg.User, Password: cfg.Password, Stamp: cfg.Stamp})
		if err != nil {
			return err
		}
		defer cam.Close()
		served := ServedCamera{
			Name: s.Name, Main: cam.Main(), Sub: cam.Sub(), KeyIntervalS: s.Main.Key.Seconds(), Audio: s.Main.Audio != nil,
			FromMS: cam.From().UnixMilli(),
		}
		if s.Steers {
			side, err := NewONVIF(ONVIFConfig{User: cfg.User, Password: cfg.Password, Make: "Testcam", Model: s.Name, Profiles: profilesOf(cam, s)})
			if err != nil {
				return err
			}
			defer side.Close()
			served.ONVIF = side.URL()
		}
		out.Cameras = append(out.Cameras, served)
	}
	if len(out.Cameras) == 0 {
		return fmt.Errorf("no demo camera is called %q", cfg.Only)
	}
	if err := json.NewEncoder(cfg.Out).Encode(out); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// profilesOf are the two layers of a camera as its ONVIF side tells them.
func profilesOf(cam *Camera, s Scene) []ONVIFProfile {
	of := func(token, url string, c *Clip) ONVIFProfile {
		return ONVIFProfile{Token: token, Name: token, Codec: c.Codec, Width: c.Width, Height: c.Height, FPS: int(c.FPS), URL: url}
	}
	return []ONVIFProfile{of("main", cam.Main(), s.Main), of("sub", cam.Sub(), s.Sub)}
}
