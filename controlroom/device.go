package controlroom

import (
	"context"
	"time"

	"sightline/ingest"
	"sightline/ingest/onvif"
)

// Devices are the ONVIF sides of cameras: an onvif.Fleet.
type Devices interface {
	Set(onvif.Device)
	Remove(id string)
	MaySteer(id string) bool // it has such a side and has not said that it cannot be steered
	Steering(ctx context.Context, id string, fresh bool) (onvif.Steering, error)
	Move(ctx context.Context, id string, v onvif.Velocity, d time.Duration) error
	Stop(ctx context.Context, id string) error
	Goto(ctx context.Context, id, preset string) error
	Home(ctx context.Context, id string) error
}

// setDevice tells of a camera's ONVIF side. One whose password cannot be opened
// is left alone: guessing would lock it.
func (c *cameras) setDevice(id string, s *source, in ingest.Source, sealed error) {
	if c.devices == nil {
		return
	}
	if s.ONVIF == "" || sealed != nil {
		c.devices.Remove(id)
		return
	}
	c.devices.Set(onvif.Device{Camera: id, On: in.Enabled,
		Target: onvif.Target{URL: s.ONVIF, User: in.User, Password: in.Password, Fingerprint: in.Fingerprint}})
}

func (c *cameras) removeDevice(id string) {
	if c.devices != nil {
		c.devices.Remove(id)
	}
}

// applyONVIF takes the address of a camera's device service; an empty one ends its use.
func (s *source) applyONVIF(raw string) error {
	s.ONVIF = ""
	if raw == "" {
		return nil
	}
	u, err := onvif.CheckURL(raw)
	if err != nil {
		return err
	}
	s.ONVIF = u
	return nil
}
