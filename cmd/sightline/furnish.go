package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crypto/rand"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/internal/testcam"
)

const (
	demoFile    = "demo.json"        // while everything is live
	keptFile    = "demo-logins.json" // what a restart on the same data needs
	demoLink    = "Demo wall"
	ownerMail   = "owner@demo.example"
	secondMail  = "neighbour@demo.example"
	demoZone    = "Europe/Kyiv"
	grantedCams = 2 // of the six, to the second account
)

// demoInfo is demo.json.
type demoInfo struct {
	BaseURL   string        `json:"base_url"`
	OpsURL    string        `json:"ops_url"`
	Accounts  []demoAccount `json:"accounts"` // the first owns the cameras
	Cameras   []demoCamera  `json:"cameras"`
	Trail     string        `json:"trail,omitempty"` // id of the still camera
	GuestLink string        `json:"guest_link"`
	ServerPID int           `json:"server_pid"`
}

// demoAccount can sign in; Token is a personal access token. These are made for
// the demo and are printed on purpose.
type demoAccount struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Token    string `json:"token"`
}

type demoCamera struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Main        string  `json:"rtsp_main"`
	Sub         string  `json:"rtsp_sub"`
	KeyInterval float64 `json:"key_interval_s"`
	FromMS      int64   `json:"from_ms"` // as testcam.ServedCamera
}

// furnisher makes the demo's accounts, cameras, view, grant and link where they
// are missing: a restart on the same data finds them again.
type furnisher struct {
	n      *node
	dir    string
	images bool // a still camera and its images too
	record bool // the cameras
}

// patiently is all, again while the store does not answer: beside the encoding
// of its cameras a small machine may keep it waiting.
func (f *furnisher) patiently(ctx context.Context, served []testcam.ServedCamera) (demoInfo, error) {
	for {
		demo, err := f.all(ctx, served)
		if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Unknown) {
			return demo, err
		}
		select {
		case <-ctx.Done():
			return demo, err
		case <-time.After(time.Second):
		}
	}
}

func (f *furnisher) all(ctx context.Context, served []testcam.ServedCamera) (demoInfo, error) {
	demo := demoInfo{BaseURL: f.n.web.BaseURL(), OpsURL: f.n.addresses().Ops, ServerPID: os.Getpid()}
	kept, err := f.kept()
	if err != nil {
		return demo, err
	}
	if kept, err = f.accounts(ctx, kept); err != nil {
		return demo, err
	}
	f.n.applyNetworks(ctx) // the demo's cameras are on loopback, which the first account allows
	demo.Accounts = kept
	owner, err := f.subject(ctx, kept[0])
	if err != nil {
		return demo, err
	}
	second, err := f.subject(ctx, kept[1])
	if err != nil {
		return demo, err
	}
	if demo.Cameras, err = f.cameras(ctx, owner, served); err != nil {
		return demo, err
	}
	if f.record {
		if err := f.recordings(ctx, owner, demo.Cameras); err != nil {
			return demo, err
		}
	}
	if err := f.view(ctx, owner, demo.Cameras); err != nil {
		return demo, err
	}
	if err := f.grants(ctx, owner, second, demo.Cameras); err != nil {
		return demo, err
	}
	shown := make([]string, 0, len(demo.Cameras)+1)
	for _, c := range demo.Cameras {
		shown = append(shown, c.ID)
	}
	if f.images {
		if demo.Trail, err = f.trail(ctx, owner, demo.Cameras); err != nil {
			return demo, err
		}
		shown = append(shown, demo.Trail)
	}
	demo.GuestLink, err = f.link(ctx, owner, shown, demo.BaseURL)
	return demo, err
}

// accounts makes the owner, who is instance administrator, and a second person,
// as far as kept does not have them. What was made stays kept when the store
// fails in between.
func (f *furnisher) accounts(ctx context.Context, kept []demoAccount) ([]demoAccount, error) {
	begun := kept != nil
	if !begun {
		for _, mail := range []string{ownerMail, secondMail} {
			kept = append(kept, demoAccount{Email: mail, Password: strings.ToLower(rand.Text()[:14])})
		}
		if err := writeJSON(filepath.Join(f.dir, keptFile), kept); err != nil {
			return nil, err
		}
	}
	for i, a := range kept {
		if a.Token != "" {
			continue
		}
		_, err := f.n.authority.AddAccount(ctx, authz.Operator, authz.NewAccount{
			Email:   a.Email,
			Profile: authz.Profile{Name: map[string]string{ownerMail: "Olena", secondMail: "Petro"}[a.Email], Password: secret.New(a.Password), Language: "en", Zone: demoZone},
			Plan:    authz.PlanPro, InstanceAdmin: a.Email == ownerMail, Networks: ingest.PrivateSubnets(), Loopback: true,
		})
		if err != nil && (!begun || fault.Code(err) != fault.CodeEmailTaken) {
			return nil, fmt.Errorf("account %s (a demo wants an empty store, or the data folder it was made with): %w", a.Email, err)
		}
		if kept[i].Token, err = f.token(ctx, a.Email, a.Password); err != nil {
			return nil, fmt.Errorf("token of %s: %w", a.Email, err)
		}
		if err := writeJSON(filepath.Join(f.dir, keptFile), kept); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// token makes a personal access token as its owner would, signed in.
func (f *furnisher) token(ctx context.Context, mail, pass string) (string, error) {
	in, err := f.n.authority.SignIn(ctx, mail, secret.New(pass), authz.Client{})
	if err != nil {
		return "", err
	}
	_, text, err := f.n.authority.CreateToken(ctx, in.Subject, "demo", 0)
	if err != nil {
		return "", err
	}
	return text.Reveal(), f.n.authority.SignOut(ctx, in.Subject)
}

func (f *furnisher) kept() ([]demoAccount, error) {
	raw, err := os.ReadFile(filepath.Join(f.dir, keptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []demoAccount
	if err := json.Unmarshal(raw, &out); err != nil || len(out) != 2 {
		return nil, fmt.Errorf("%s is damaged; remove the folder and start again", keptFile)
	}
	return out, nil
}

func (f *furnisher) subject(ctx context.Context, a demoAccount) (authz.Subject, error) {
	s, _, err := f.n.authority.Authenticate(ctx, secret.New(a.Token))
	if err != nil {
		return s, fmt.Errorf("token of %s: %w", a.Email, err)
	}
	return s, nil
}

// cameras adds the served cameras, or moves those of the same name to their new ports.
func (f *furnisher) cameras(ctx context.Context, owner authz.Subject, served []testcam.ServedCamera) ([]demoCamera, error) {
	have, err := f.n.room.Cameras(ctx, owner)
	if err != nil {
		return nil, err
	}
	var out []demoCamera
	for _, s := range served {
		zone := demoZone
		in := controlroom.CameraInput{Name: &s.Name, Main: &s.Main, Sub: &s.Sub, Zone: &zone, Sound: &s.Audio, ONVIF: &s.ONVIF}
		var cam controlroom.Camera
		if i := slices.IndexFunc(have, func(c controlroom.Camera) bool { return c.Mine && c.Name == s.Name }); i >= 0 {
			cam, err = f.n.room.UpdateCamera(ctx, owner, have[i].ID, in)
		} else {
			cam, err = f.n.room.CreateCamera(ctx, owner, in)
		}
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", s.Name, err)
		}
		out = append(out, demoCamera{ID: cam.ID, Name: s.Name, Main: s.Main, Sub: s.Sub, KeyInterval: s.KeyIntervalS, FromMS: s.FromMS})
	}
	return out, nil
}

// view is the wall of all six, two rows of three, one a row pair on phones.
func (f *furnisher) view(ctx context.Context, owner authz.Subject, cams []demoCamera) error {
	views, err := f.n.room.Views(ctx, owner)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(views, func(v controlroom.View) bool { return v.Version != 0 }) {
		return nil
	}
	v := controlroom.View{Name: "Live cameras", Rows: 2, Columns: 3, Layout: controlroom.LayoutGrid,
		DefaultFor: []string{controlroom.DeviceDesktop}}
	for _, c := range cams {
		v.Cells = append(v.Cells, controlroom.Cell{Camera: c.ID})
	}
	_, err = f.n.room.CreateView(ctx, owner, v)
	return err
}

// grants gives the second person some cameras, and accepts for him.
func (f *furnisher) grants(ctx context.Context, owner, second authz.Subject, cams []demoCamera) error {
	for _, c := range cams[:grantedCams] {
		table, err := f.n.authority.Access(ctx, owner, c.ID)
		if err != nil {
			return err
		}
		if len(table.Rows) > 0 {
			continue
		}
		_, err = f.n.authority.SaveAccess(ctx, owner, c.ID, table.Version, []authz.GrantEdit{{Email: secondMail, Levels: authz.LevelOnline}})
		if err != nil {
			return fmt.Errorf("grant on %s: %w", c.Name, err)
		}
	}
	offers, err := f.n.authority.Offers(ctx, second)
	if err != nil {
		return err
	}
	for _, o := range offers {
		if o.State != string(authz.GrantOffered) {
			continue
		}
		if err := f.n.authority.AcceptOffer(ctx, second, o.Grant.ID); err != nil {
			return err
		}
	}
	return nil
}

// link is the guest link over all cameras.
func (f *furnisher) link(ctx context.Context, owner authz.Subject, cameras []string, base string) (string, error) {
	links, _, _, err := f.n.authority.Links(ctx, owner)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(links, func(l authz.LinkView) bool { return l.Link.Name == demoLink }); i >= 0 {
		return base + "/s#" + links[i].Secret.Reveal(), nil
	}
	in := authz.NewLink{Kind: authz.LinkShare, Name: demoLink, RiskAcknowledged: true, Cameras: cameras}
	l, err := f.n.authority.CreateLink(ctx, owner, in)
	if err != nil {
		return "", err
	}
	return base + "/s#" + l.Secret.Reveal(), nil
}

// waitLive waits until every camera's warm layer delivers pictures.
func (f *furnisher) waitLive(ctx context.Context, demo demoInfo) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		dark := ""
		for _, c := range demo.Cameras {
			s, ok := f.n.fleet.State(c.ID)
			if !ok || s.Layers[ingest.Sub].Status != ingest.Live {
				dark = fmt.Sprintf("%s is %s: %s", c.Name, s.Layers[ingest.Sub].Status, s.Layers[ingest.Sub].Detail)
			}
		}
		if dark == "" {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not every camera came alive: %s", dark)
		}
	}
}

// writeJSON puts a file in place in one step, readable by this user only.
func writeJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
